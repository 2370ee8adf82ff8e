// All texts of the label page but those of its drawing tools. A text is a string or a function of what it tells.
"use strict";
window.jumok = {};

jumok.words = {
  en: {
    language: "한국어", languageTitle: "한국어로 보기 (switch to Korean)",
    dark: "Dark", light: "Light", themeTitle: "Switch between light and dark",
    help: "Help", helpTitle: "All keys, and what is promised about saving (?)", helpName: "Help", close: "Close", again: "Try again", pageNav: "Page", panels: "Classes, objects, and model",
    away: "The server does not answer. Is jumok label still running?",

    otherData: (place) => `Another data set is labelled at this address now: ${place}. Nothing of this page is written into it; please load the page anew.`,

    items: "Items", itemsAndFilters: "Items and filters", noItems: "No item fits this filter.", search: "Search by name", show: "Show", all: "all", class: "Class", anyClass: "any", order: "Order", leastScore: "Score ≥",
    states: { L: "labelled", E: "nothing on it", U: "not labelled" }, unsavedItems: "not saved", unsureItems: "model unsure", disagreements: "model disagrees", notSavedShort: "not saved",
    orders: { file: "as in the file", unsure: "most unsure first", diverse: "most different first", both: "unsure and different", disagreement: "most disagreeing first" },
    orderReady: (p) => `scored ${p} %`, shownOf: (n, all) => `${n} of ${all} shown`, scoreOf: (s) => `score ${s}`,
    progress: "Labelled items", labelledOf: (n, all) => `${n} of ${all} labelled`, ofItems: (n) => `of ${n}`,
    previousItem: "Previous item (P or ←)", nextItem: "Next item (N or →)", nextUnlabelled: "Next unlabelled", nextUnlabelledTitle: "Next item that is not labelled (U)", jump: "Go to the item of this number (J)",
    noItem: (key) => `There is no item “${key}” here.`, otherSplit: (key, asked, here) => `“${key}” is in the ${asked} split, and this page shows ${here}. End jumok label with Ctrl-C, start it with --split ${asked}, and click the link again.`, firstItem: "This is the first item.", lastItem: "This is the last item.", allLabelled: "All items shown here are labelled.",
    tools: "Tools", undo: "Undo (Ctrl+Z)", redo: "Redo (Ctrl+Shift+Z)", nothingHere: "Nothing here", nothingHereTitle: "Say that nothing is on this item (X)", hideAll: "Hide", hideAllTitle: "Hide or show all marks (H)",
    copyPrevious: "Copy previous", copyPreviousTitle: "Copy all marks of the previous item (C)", noPrevious: "There is no previous item to copy from.",
    cleared: (n) => `${n === 1 ? "One mark is" : `${n} marks are`} taken away; Ctrl+Z brings ${n === 1 ? "it" : "them"} back.`, markedEmpty: "Noted: nothing is on this item.",
    problems: "Records that could not be read", disagrees: (what) => `The model disagrees: ${what}`,
    hints: {
      objects: "Drag to draw a box. 1–9: class of the selected and the next boxes. N: next item. ?: all keys.", mask: "Paint with the brush. 1–9 choose the class, N goes to the next item, ? shows all keys.",
      texts: "Type the text: it is saved by itself. Enter goes on, Shift+Enter makes a new line; outside of the field N goes to the next item, and ? shows all keys.",
      values: "1–9 choose a label, T types one, N goes to the next item, ? shows all keys.", stretches: "Drag over the signal. 1–9: class of the selected and the next stretches. N: next item. ?: all keys.",
    },

    saving: "Saving", saved: "Saved", savingNow: "Saving…", savingMany: (n) => `Saving ${n} items…`,
    notSaved: "NOT saved", toDecide: "Please decide", itemCount: (n) => `${n} items`, retrying: "It is tried again by itself.", notRetried: "Correct it, or try again.", saveNow: "Try now",
    keptHere: "Until then it is kept in this browser.", notKept: "This browser cannot keep a copy: leave this page open.", changedElsewhere: (n) => `${n === 1 ? "One item was" : `${n} items were`} changed elsewhere.`, lookAt: (key) => `Look at ${key}`,
    earlier: "Changes of an earlier visit", earlierChanges: (n, names) => `${n === 1 ? "One change" : `${n} changes`} of an earlier visit ${n === 1 ? "was" : "were"} not written: ${names}`, saveEarlier: "Save now", discard: "Discard", reallyDiscard: (n) => (n === 1 ? "Really discard it" : `Really discard all ${n}`),
    reloaded: "This item was changed elsewhere; it is shown as it stands now.",
    conflict: "This item was changed elsewhere.", conflictHelp: (theirs, mine) => `It now has ${theirs}; your version has ${mine}. Nothing is overwritten until you choose.`,
    onThePage: "On the page:", theirs: "theirs", mine: "mine", difference: "difference", keepMine: "Keep mine", keepMineTitle: "Write my version over theirs", takeTheirs: "Take theirs", takeTheirsTitle: "Leave the file as it is and drop my version",
    objectCount: (n) => (n === 1 ? "1 object" : `${n} objects`), stretchCount: (n) => (n === 1 ? "1 stretch" : `${n} stretches`), aMask: "a mask", empty: "nothing",

    classes: "Classes", newClass: "New class", addClass: "Add", classKey: (name, n) => `${name} (key ${n})`, itemsWith: (name, n) => `${name} is on ${n === 1 ? "1 item" : `${n} items`}`, showClass: (name) => `Show ${name}`, classChosen: (name) => `Class of what comes next: ${name}`, classOfThis: (name) => `Class of this and of what comes next: ${name}`, noClass: "Add a class first.",
    objects: "On this item", noObjects: "Nothing is marked yet.", moreObjects: (n) => `… and ${n} more`, markedAndProposed: (n, m) => `${n} marked, ${m} proposed`, proposed: "proposed", proposedTitle: "Proposed by the model; Enter accepts",
    proposedHint: "Enter accepts the proposal under the pointer, Shift+Enter all; Delete rejects, dragging corrects.",

    modelPanel: "Model", modelNamed: (name) => `Proposals are by ${name}.`, noModel: (option) => ["No model yet. Label some items, then train one here, or start with ", option, "."], showProposals: "Show proposals", acceptAll: "Accept all", acceptAllTitle: "Accept all proposals of this item (Shift+Enter)", accepted: "Accepted.",
    train: "Train with what is labelled", stop: "Stop", training: "Training", trainingStep: (n, step, steps) => `${n} examples, step ${step} of ${steps}`, trained: "Training is done. Proposals are made anew.", trainingBegins: "Training has begun.", timeLeft: (s) => (s < 60 ? "less than a minute left" : `about ${Math.round(s / 60)} min left`),
    curve: (metric) => `${metric} against the number of labelled items`, curveOf: (metric, points) => `${metric} against the number of labelled items. ${points}`, curvePoint: (n, score) => `${n} labelled: ${score}`,

    typeClass: "Type a label", typeClassOf: (name) => `${name}: type the beginning of a label`, useNew: (name) => `Use “${name}”, a new label`, moreClasses: (n) => `${n} more: type to find them`, imageNamed: (name) => `Image ${name}`,
    enterTakes: (score) => `Proposed${score ? ` (${score})` : ""}: Enter accepts`, takeProposal: (text) => `Take the proposal: ${text}`,
    signalOf: (name) => `Signal of ${name}: arrows move the cursor, [ and ] set start and end, Tab goes to the next stretch`, toolMark: "Mark", toolSelect: "Select", zoom: "Zoom", zoomIn: "Zoom in (+)", zoomOut: "Zoom out (−)", zoomAll: "Show all (0)",
    seconds: (s) => `${s} s`, rowNumber: (n) => `row ${n}`, cursorAt: (at) => `Cursor at ${at}`, stretchSaid: (name, start, end) => `${name}: ${start} to ${end}`, startSet: (at) => `Start at ${at}; ] sets the end.`, endSet: (at) => `End at ${at}; [ sets the start.`,

    keysItems: "Items", keysMarks: "Marks",
    keysOfItems: [["N →", "next item"], ["P ←", "previous item"], ["U", "next unlabelled item"], ["J", "go to a number"], ["/", "search by name"], ["1 – 9", "class or label: of what is selected, else of what comes next"], ["X", "nothing here"], ["C", "copy all from the previous item"], ["H", "hide or show marks"], ["Ctrl+Z", "undo"], ["Ctrl+Shift+Z", "redo"], ["Enter", "accept a proposal"], ["Shift+Enter", "accept all proposals"], ["Delete", "reject a proposal, or delete"], ["?", "this help"]],
    keysOf: {
      values: [["T", "type a label or a text"], ["Enter", "in a text: accept the proposal, or go on"], ["Shift+Enter", "in a text: a new line"], ["Esc", "leave the text"], ["Ctrl+S", "save at once"]],
      stretches: [["B", "mark by dragging"], ["V", "select"], ["← →", "move the cursor, where the signal has the focus (Shift: far)"], ["[ ]", "start and end at the cursor, of the selected stretch or a new one"], ["Tab", "next stretch"], ["S", "split at the cursor"], ["M", "merge with the next stretch"], ["Esc", "cancel"], ["+ − 0", "zoom in, out, all"], ["Space", "drag the signal, as the middle button does"]],
    },
    savingTitle: "Saving",
    savingHelp: [
      "Each change is written at once into the very file that jumok train reads. “Saved” at the top means that the file holds it.",
      "While the file cannot be written, the top says so, and a line at the bottom says why. Your change stays on the page and in this browser, and is sent again until it is written; after a reload it is offered again.",
      "If another tab or program changed the same item, nothing is overwritten: you see both versions and choose.",
    ],
  },
  ko: {
    language: "English", languageTitle: "Switch to English (영어로 보기)",
    dark: "어둡게", light: "밝게", themeTitle: "밝은 화면과 어두운 화면 바꾸기",
    help: "도움말", helpTitle: "모든 단축키와 저장에 관한 약속 (?)", helpName: "도움말", close: "닫기", again: "다시 시도", pageNav: "화면 설정", panels: "클래스, 객체, 모델",
    away: "서버가 응답하지 않습니다. jumok label이 아직 실행 중인가요?",

    otherData: (place) => `지금 이 주소에서는 다른 데이터에 라벨을 달고 있습니다: ${place}. 이 화면의 내용은 거기에 쓰지 않습니다. 화면을 새로 여세요.`,

    items: "항목", itemsAndFilters: "항목과 필터", noItems: "조건에 맞는 항목이 없습니다.", search: "이름으로 찾기", show: "보기", all: "전체", class: "클래스", anyClass: "전체", order: "순서", leastScore: "점수 ≥",
    states: { L: "라벨 있음", E: "대상 없음", U: "라벨 없음" }, unsavedItems: "저장 안 됨", unsureItems: "모델이 헷갈리는 것", disagreements: "모델과 다른 것", notSavedShort: "저장 안 됨",
    orders: { file: "파일 순서", unsure: "모델이 헷갈리는 것부터", diverse: "서로 다른 것부터", both: "헷갈리고 서로 다른 것부터", disagreement: "모델과 많이 다른 것부터" },
    orderReady: (p) => `점수 계산 ${p} %`, shownOf: (n, all) => `${all}개 중 ${n}개 표시`, scoreOf: (s) => `점수 ${s}`,
    progress: "라벨을 단 항목", labelledOf: (n, all) => `${all}개 중 ${n}개 완료`, ofItems: (n) => `/ ${n}`,
    previousItem: "이전 항목 (P 또는 ←)", nextItem: "다음 항목 (N 또는 →)", nextUnlabelled: "다음 라벨 없는 항목", nextUnlabelledTitle: "아직 라벨이 없는 다음 항목으로 (U)", jump: "이 번호의 항목으로 (J)",
    noItem: (key) => `‘${key}’ 항목은 여기에 없습니다.`, otherSplit: (key, asked, here) => `‘${key}’ 항목은 ${asked} 데이터에 있는데 이 화면은 ${here}입니다. jumok label을 Ctrl-C로 끝내고 --split ${asked}을(를) 붙여 다시 실행한 뒤 링크를 누르세요.`, firstItem: "첫 항목입니다.", lastItem: "마지막 항목입니다.", allLabelled: "여기 보이는 항목에는 모두 라벨이 있습니다.",
    tools: "도구", undo: "실행 취소 (Ctrl+Z)", redo: "다시 실행 (Ctrl+Shift+Z)", nothingHere: "대상 없음", nothingHereTitle: "이 항목에는 아무것도 없다고 표시 (X)", hideAll: "숨기기", hideAllTitle: "모든 표시를 숨기거나 보이기 (H)",
    copyPrevious: "이전 것 복사", copyPreviousTitle: "이전 항목의 표시를 모두 복사 (C)", noPrevious: "복사할 이전 항목이 없습니다.",
    cleared: (n) => `표시 ${n}개를 지웠습니다. Ctrl+Z로 되돌릴 수 있습니다.`, markedEmpty: "이 항목에는 아무것도 없다고 기록했습니다.",
    problems: "읽지 못한 기록", disagrees: (what) => `모델의 생각은 다릅니다: ${what}`,
    hints: {
      objects: "끌어서 상자를 그립니다. 1–9: 선택한 상자와 다음 상자의 클래스, N: 다음 항목, ?: 모든 단축키", mask: "붓으로 칠합니다. 1–9는 클래스, N은 다음 항목, ?는 모든 단축키입니다.",
      texts: "글을 쓰면 저절로 저장됩니다. Enter는 다음으로, Shift+Enter는 줄 바꿈입니다. 칸 밖에서 N은 다음 항목, ?는 모든 단축키입니다.",
      values: "1–9로 라벨을 고르고 T로 입력합니다. N은 다음 항목, ?는 모든 단축키입니다.", stretches: "신호 위를 끌면 구간이 표시됩니다. 1–9: 선택한 구간과 다음 구간의 클래스, N: 다음 항목, ?: 모든 단축키",
    },

    saving: "저장", saved: "저장됨", savingNow: "저장 중…", savingMany: (n) => `항목 ${n}개 저장 중…`,
    notSaved: "저장되지 않음", toDecide: "골라 주세요", itemCount: (n) => `항목 ${n}개`, retrying: "자동으로 다시 시도합니다.", notRetried: "고치거나 다시 시도하세요.", saveNow: "지금 다시",
    keptHere: "그때까지 이 브라우저에 보관합니다.", notKept: "이 브라우저에는 보관할 수 없으니 이 화면을 닫지 마세요.", changedElsewhere: (n) => `항목 ${n}개가 다른 곳에서 바뀌었습니다.`, lookAt: (key) => `${key} 보기`,
    earlier: "지난번에 저장하지 못한 변경", earlierChanges: (n, names) => `지난번에 저장하지 못한 변경이 ${n}개 있습니다: ${names}`, saveEarlier: "지금 저장", discard: "버리기", reallyDiscard: (n) => (n === 1 ? "정말 버리기" : `${n}개 모두 정말 버리기`),
    reloaded: "다른 곳에서 바뀐 항목이라 지금 저장된 내용으로 다시 불러왔습니다.",
    conflict: "다른 곳에서 바뀐 항목입니다.", conflictHelp: (theirs, mine) => `지금 저장된 내용: ${theirs}. 내가 만든 내용: ${mine}. 고르기 전에는 아무것도 덮어쓰지 않습니다.`,
    onThePage: "화면에 보기:", theirs: "저장된 것", mine: "내 것", difference: "차이", keepMine: "내 것으로 저장", keepMineTitle: "저장된 내용을 내 것으로 바꿉니다", takeTheirs: "저장된 것 쓰기", takeTheirsTitle: "파일은 그대로 두고 내 것을 버립니다",
    objectCount: (n) => `객체 ${n}개`, stretchCount: (n) => `구간 ${n}개`, aMask: "마스크", empty: "없음",

    classes: "클래스", newClass: "새 클래스", addClass: "추가", classKey: (name, n) => `${name} (${n}번 키)`, itemsWith: (name, n) => `${name}: 항목 ${n}개에 있음`, showClass: (name) => `${name} 보이기`, classChosen: (name) => `다음 것의 클래스: ${name}`, classOfThis: (name) => `이것과 다음 것의 클래스: ${name}`, noClass: "먼저 클래스를 추가하세요.",
    objects: "이 항목의 표시", noObjects: "아직 표시한 것이 없습니다.", moreObjects: (n) => `… 그 밖에 ${n}개`, markedAndProposed: (n, m) => `표시 ${n}개, 제안 ${m}개`, proposed: "제안", proposedTitle: "모델의 제안입니다. Enter로 받아들입니다",
    proposedHint: "Enter는 포인터 아래의 제안을, Shift+Enter는 모두 받아들이고, Delete는 버립니다. 끌면 고칩니다.",

    modelPanel: "모델", modelNamed: (name) => `${name} 모델이 제안합니다.`, noModel: (option) => ["아직 모델이 없습니다. 몇 개에 라벨을 단 뒤 여기서 학습하거나, 다음 옵션으로 시작하세요: ", option], showProposals: "제안 보기", acceptAll: "모두 받아들이기", acceptAllTitle: "이 항목의 제안을 모두 받아들이기 (Shift+Enter)", accepted: "받아들였습니다.",
    train: "지금까지의 라벨로 학습", stop: "중지", training: "학습", trainingStep: (n, step, steps) => `예시 ${n}개, ${steps}단계 중 ${step}단계`, trained: "학습이 끝났습니다. 제안을 새로 만듭니다.", trainingBegins: "학습을 시작했습니다.", timeLeft: (s) => (s < 60 ? "1분 안에 끝남" : `약 ${Math.round(s / 60)}분 남음`),
    curve: (metric) => `라벨을 단 항목 수에 따른 ${metric}`, curveOf: (metric, points) => `라벨을 단 항목 수에 따른 ${metric}. ${points}`, curvePoint: (n, score) => `${n}개: ${score}`,

    typeClass: "라벨 입력", typeClassOf: (name) => `${name}: 라벨의 앞부분을 입력하세요`, useNew: (name) => `새 라벨 ‘${name}’ 쓰기`, moreClasses: (n) => `${n}개 더 있습니다. 입력해서 찾으세요`, imageNamed: (name) => `그림 ${name}`,
    enterTakes: (score) => `제안${score ? ` (${score})` : ""}: Enter로 받아들이기`, takeProposal: (text) => `제안 쓰기: ${text}`,
    signalOf: (name) => `${name} 신호: 화살표로 커서를 옮기고, [와 ]로 시작과 끝을 정하고, Tab으로 다음 구간으로 갑니다`, toolMark: "표시", toolSelect: "선택", zoom: "확대와 축소", zoomIn: "확대 (+)", zoomOut: "축소 (−)", zoomAll: "전체 보기 (0)",
    seconds: (s) => `${s}초`, rowNumber: (n) => `${n}번째 행`, cursorAt: (at) => `커서: ${at}`, stretchSaid: (name, start, end) => `${name}: ${start}부터 ${end}까지`, startSet: (at) => `시작: ${at}. ]로 끝을 정하세요.`, endSet: (at) => `끝: ${at}. [로 시작을 정하세요.`,

    keysItems: "항목", keysMarks: "표시",
    keysOfItems: [["N →", "다음 항목"], ["P ←", "이전 항목"], ["U", "다음 라벨 없는 항목"], ["J", "번호로 가기"], ["/", "이름으로 찾기"], ["1 – 9", "클래스 또는 라벨 (선택한 것, 없으면 다음 것)"], ["X", "대상 없음"], ["C", "이전 항목에서 모두 복사"], ["H", "표시를 숨기거나 보이기"], ["Ctrl+Z", "실행 취소"], ["Ctrl+Shift+Z", "다시 실행"], ["Enter", "제안 받아들이기"], ["Shift+Enter", "제안 모두 받아들이기"], ["Delete", "제안을 거절하거나 지우기"], ["?", "이 도움말"]],
    keysOf: {
      values: [["T", "라벨이나 글 입력"], ["Enter", "글에서: 제안을 받아들이거나 다음으로"], ["Shift+Enter", "글에서: 줄 바꾸기"], ["Esc", "글에서 나오기"], ["Ctrl+S", "바로 저장"]],
      stretches: [["B", "끌어서 표시"], ["V", "선택"], ["← →", "신호에 초점이 있을 때 커서 옮기기 (Shift: 멀리)"], ["[ ]", "커서 자리를 시작과 끝으로 (고른 구간 또는 새 구간)"], ["Tab", "다음 구간"], ["S", "커서에서 나누기"], ["M", "다음 구간과 합치기"], ["Esc", "취소"], ["+ − 0", "확대, 축소, 전체"], ["Space", "누른 채 끌어서 신호 옮기기 (가운데 단추도 같음)"]],
    },
    savingTitle: "저장",
    savingHelp: [
      "바꿀 때마다 jumok train이 읽는 바로 그 파일에 곧바로 씁니다. 위에 ‘저장됨’이라고 나오면 파일에 들어간 것입니다.",
      "파일에 쓰지 못하는 동안에는 위에 그 사실이, 아래에 까닭이 나옵니다. 변경은 이 화면과 브라우저에 남아 있고, 쓸 수 있을 때까지 다시 보냅니다. 화면을 새로 열면 저장할지 다시 묻습니다.",
      "다른 탭이나 프로그램이 같은 항목을 바꾸었으면 아무것도 덮어쓰지 않습니다. 두 내용을 보고 고르면 됩니다.",
    ],
  },
};
