"""Error messages of the page in Korean; those of other rooms are matched by their English text."""

import re

SENTENCES = tuple(
    (re.compile(english, re.DOTALL), korean)
    for english, korean in (
        (
            r"this server answers only at its own address on this machine",
            r"이 서버는 이 컴퓨터의 자기 주소로 온 요청에만 답합니다",
        ),
        (
            r"this server answers only its own page, not one of another (origin|site)",
            r"이 서버는 자기 화면에서 온 요청에만 답하고, 다른 사이트의 요청은 거절합니다",
        ),
        (
            r"this is too large: at most (.+) MB are read; make it smaller",
            r"너무 큽니다. \1 MB까지만 읽으니 크기를 줄이세요",
        ),
        (
            r"a body must be (.+); got (.+)",
            r"요청의 내용은 \1 형식이어야 하는데 \2 형식입니다",
        ),
        (
            r"there is no (?:query|key|layer|head|answer|attention|view|run|token|pixel|object) (.+?); .+",
            r"\1번은 이 화면에 없습니다. 다시 살펴보세요",
        ),
        (
            r"there is no search to follow: .+",
            r"한 토큰씩 쓴 출력이 없어 따라갈 탐색 과정이 없습니다",
        ),
        (
            r"rollout follows attention within one input or answer, and this one looks at another",
            r"롤아웃은 한 입력이나 답 안의 어텐션에만 쓸 수 있는데, 이 어텐션은 다른 쪽을 봅니다",
        ),
        (
            r"the windows of each layer stand at other places; .+",
            r"층마다 창의 위치가 다릅니다. 한 번에 한 층의 한 헤드만 시험하세요",
        ),
        (
            r"object query (\d+) found nothing, .+",
            r"\1번 물체 쿼리는 아무것도 찾지 못해 비교할 점수가 없습니다",
        ),
        (
            r"nothing was found, so there is no score to compare",
            r"찾은 것이 없어 비교할 점수가 없습니다",
        ),
        (
            r"k is how many keys are hidden, 1 or more; got (.+)",
            r"가릴 위치의 수는 1 이상이어야 하는데 \1입니다",
        ),
        (
            r"input \d+: (.+) has (\d+) tokens, .+ end at (\d+); shorten it",
            r"\1: 토큰이 \2개인데, 모델이 배운 위치는 \3개까지입니다. 줄이세요",
        ),
        (
            r"(.+?):? cannot be decoded \((.+)\).*",
            r"\1: 그림을 읽을 수 없습니다(\2). 다시 저장하거나 다른 그림을 쓰세요",
        ),
        (
            r"(.+?):? is (.+) or damaged, expected one of .+",
            r"\1: 읽을 수 있는 그림 형식이 아니거나 손상되었습니다(\2). JPEG나 PNG로 저장하세요",
        ),
        (
            r"(.+?):? has (.+) million pixels, at most (\d+) million are read.*",
            r"\1: 화소가 \2백만 개입니다. \3백만 개까지만 읽으니 줄이거나 나누세요",
        ),
        (
            r"an input has no '(.+?)'.*",
            r"입력 \1이(가) 없습니다",
        ),
        (
            r"(.+) is missing",
            r"\1이(가) 빠졌습니다",
        ),
    )
)


def in_korean(sentence: str) -> str:
    """Translate a message to Korean; an unknown one stays English, after a Korean word for "failed"."""
    for english, korean in SENTENCES:
        found = english.fullmatch(sentence)
        if found is not None:
            return f"{found.expand(korean)}."
    return f"처리하지 못했습니다: {sentence}"
