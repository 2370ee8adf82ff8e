// Texts of drawing on images. A text is a string or a function of what it tells.
"use strict";
Object.assign(jumok.words.en, {
  drawNoImage: "This image cannot be shown.", drawBoxesOf: (name) => `Image ${name}: boxes are drawn here; Tab goes through them, B draws one, Esc leaves`, drawMaskOf: (name) => `Image ${name}: classes are painted here; R brush, G outline, F fill`,
  drawSelect: "Select", drawSelectHint: "Click selects, a second click what lies below. Drag to move, or pull at a handle.",
  drawBox: "Box", drawBoxHint: "Drag to draw a box. A click selects.", drawBoxKeyHint: "Drag to draw a box; or move the cross with the arrows (Shift: by 10), and Enter sets a corner.",
  drawPolygon: "Outline", drawPolygonHint: "Click corner by corner. Enter, or a click on the first corner, closes it; Backspace takes the last corner back.", drawPolygonKeyHint: "Click corner by corner; or move the cross with the arrows, and space sets a corner. Enter closes it, Backspace takes the last corner back.",
  drawBrush: "Brush", drawBrushHint: "Drag to paint the class. [ and ] change the size.", drawBrushKeyHint: "Drag to paint; or move the cross with the arrows, and Enter makes a dab. [ and ] change the size.",
  drawErase: "Eraser", drawEraseHint: "Drag to erase. [ and ] change the size.", drawFill: "Fill", drawFillHint: "Click a region to give all of it the class.", drawFillKeyHint: "Click a region to fill it; or move the cross with the arrows and press Enter.",
  drawTake: "Take over", drawTakeHint: "Drag over stripes to take over what the model proposes there.",
  drawCursor: (x, y) => `${x}, ${y}`, drawFirstCorner: (x, y) => `First corner at ${x}, ${y}. Arrows, then Enter for the second.`, drawCorners: (n) => `${n} ${n === 1 ? "corner" : "corners"}`, drawFewCorners: "An outline needs three corners.",
  drawCorner: (n, all, x, y) => `Corner ${n} of ${all} at ${x}, ${y}. Arrows move it, Delete takes it away, I puts one in after it.`,
  drawCancelled: "Cancelled.", drawTiny: (n) => `Smaller than ${n} ${n === 1 ? "pixel" : "pixels"}: not kept.`, drawNoClass: "Choose or add a class first.", drawFixed: "This outline can't be changed here; its class can, and it can be deleted.",
  drawSelected: (name, w, h, x, y, n, all) => `${name}, ${w} × ${h} at ${x}, ${y}; ${n} of ${all}`, drawProposed: (name, w, h, x, y, n, all, score) => `Proposed: ${name}, score ${score.toFixed(2)}, ${w} × ${h} at ${x}, ${y}; ${n} of ${all}. Enter accepts, Delete rejects.`,
  drawDrawn: (name, w, h) => `${name}, ${w} × ${h}. 1–9 change its class, Delete takes it away, Esc or the next one lets go of it.`, drawPlace: (x1, y1, x2, y2) => `${x1}, ${y1} to ${x2}, ${y2}`, drawClass: (name) => `Class of this one and of the next ones: ${name}`, drawDeleted: (name) => `Deleted: ${name}`,
  drawAccepted: (n, left) => `${n} accepted, ${left} left.`, drawRejected: (n, left) => `${n} rejected, ${left} left.`,
  drawCopied: (n) => `${n} copied.`, drawPasted: (n, out) => `${n} pasted.${out ? ` ${out} would lie outside of this image.` : ""}`, drawCopiedHere: (n, out) => `${n} taken over from there.${out ? ` ${out} would lie outside of this image.` : ""}`,
  drawFlags: { crowd: "crowd", difficult: "difficult", truncated: "truncated", occluded: "occluded" },
  drawFlagTitles: { crowd: "A group that is marked as one", difficult: "Hard to see: not counted when models are scored", truncated: "Goes on beyond the border of the image", occluded: "Partly covered by something" },
  drawAddPart: "Add parts", drawAddPartTitle: "The next outline becomes a part of this object", drawDelete: "Delete", drawAccept: "Accept", drawReject: "Reject", drawAcceptAll: (n) => `Accept all ${n}`, drawLeast: "Score ≥",
  drawClose: "Close", drawLastCorner: "Last corner back", drawFit: "Fit", drawFitTitle: "The whole image (0)", drawZoomIn: "Zoom in (+)", drawZoomOut: "Zoom out (−)",
  drawSize: "Size", drawBrushSize: (n) => `Size ${n}`, drawOpacity: "Opacity", drawEraseTo: "Erase to", drawOnly: "Paint over", drawEverything: "everything", drawUnknown: "not labelled",
  drawRest: (name) => `Rest is ${name}`, drawRestTitle: "All that isn't labelled gets this class", drawOutside: "That is outside of the image.", drawFilledAlready: "This region has that class already.", drawPainted: (name) => `Painted: ${name}`, drawFilled: (name) => `Filled: ${name}`, drawCleared: "Nothing is on this image.",
  drawNoProposal: "There is no proposal for this image.", drawAcceptMask: "Accept all", drawRejectMask: "Reject all", drawAcceptedMask: "Taken over.", drawRejectedMask: "Rejected.", drawCopiedMask: "Taken over where nothing was labelled.",
  drawOtherSize: (w, h, x, y) => `That mask is ${w} × ${h}, this image ${x} × ${y}: not taken over.`,
  drawNoGround: "No class here is a background, so that nothing stands for an empty image.", drawBadMask: "This mask can't be read: it stays as it is.",
  drawSummary: (n, classes, proposed) => `${n === 0 ? "No object" : n === 1 ? "1 object" : `${n} objects`}${n ? `: ${classes.map(([name, count]) => `${count} ${name}`).join(", ")}` : ""}.${proposed ? ` ${proposed} proposed.` : ""}`,
  drawMaskSummary: (shares, proposed) => `${shares.map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`).join(", ") || "No mask"}.${proposed ? " A mask is proposed." : ""}`,
});
Object.assign(jumok.words.ko, {
  drawNoImage: "이 이미지는 표시할 수 없습니다.", drawBoxesOf: (name) => `이미지 ${name}: 여기에 상자를 그립니다. Tab으로 차례로 고르고, B로 그리고, Esc로 나갑니다`, drawMaskOf: (name) => `이미지 ${name}: 여기에 클래스를 칠합니다. R 붓, G 윤곽선, F 채우기`,
  drawSelect: "선택", drawSelectHint: "누르면 선택하고, 한 번 더 누르면 그 아래 것을 고릅니다. 끌어서 옮기거나 손잡이를 당기세요.",
  drawBox: "상자", drawBoxHint: "끌어서 상자를 그립니다. 누르기만 하면 선택합니다.", drawBoxKeyHint: "끌어서 상자를 그리거나, 화살표로 십자를 옮기고(Shift: 10씩) Enter로 꼭짓점을 정하세요.",
  drawPolygon: "윤곽선", drawPolygonHint: "꼭짓점을 하나씩 누르세요. Enter나 첫 꼭짓점을 눌러 닫고, Backspace로 마지막 꼭짓점을 지웁니다.", drawPolygonKeyHint: "꼭짓점을 하나씩 누르거나, 화살표로 십자를 옮기고 스페이스로 꼭짓점을 정하세요. Enter로 닫고 Backspace로 마지막 꼭짓점을 지웁니다.",
  drawBrush: "붓", drawBrushHint: "끌어서 클래스를 칠합니다. [ 와 ] 로 크기를 바꿉니다.", drawBrushKeyHint: "끌어서 칠하거나, 화살표로 십자를 옮기고 Enter로 한 번 찍으세요. [ 와 ] 로 크기를 바꿉니다.",
  drawErase: "지우개", drawEraseHint: "끌어서 지웁니다. [ 와 ] 로 크기를 바꿉니다.", drawFill: "채우기", drawFillHint: "영역을 누르면 전체가 그 클래스가 됩니다.", drawFillKeyHint: "영역을 눌러 채우거나, 화살표로 십자를 옮기고 Enter를 누르세요.",
  drawTake: "가져오기", drawTakeHint: "줄무늬 위를 끌면 모델이 제안한 것을 그만큼 가져옵니다.",
  drawCursor: (x, y) => `${x}, ${y}`, drawFirstCorner: (x, y) => `첫 꼭짓점 ${x}, ${y}. 화살표로 옮기고 Enter로 둘째 꼭짓점을 정하세요.`, drawCorners: (n) => `꼭짓점 ${n}개`, drawFewCorners: "윤곽선에는 꼭짓점이 셋은 있어야 합니다.",
  drawCorner: (n, all, x, y) => `꼭짓점 ${all}개 중 ${n}번, ${x}, ${y}. 화살표로 옮기고, Delete로 지우고, I로 뒤에 하나 넣습니다.`,
  drawCancelled: "취소했습니다.", drawTiny: (n) => `${n}픽셀보다 작아서 남기지 않았습니다.`, drawNoClass: "먼저 클래스를 고르거나 추가하세요.", drawFixed: "이 윤곽선은 여기서 고칠 수 없습니다. 클래스를 바꾸거나 지울 수는 있습니다.",
  drawSelected: (name, w, h, x, y, n, all) => `${name}, 크기 ${w} × ${h}, 위치 ${x}, ${y}; ${all}개 중 ${n}번째`, drawProposed: (name, w, h, x, y, n, all, score) => `제안: ${name}, 점수 ${score.toFixed(2)}, 크기 ${w} × ${h}, 위치 ${x}, ${y}; ${all}개 중 ${n}번째. Enter로 받고 Delete로 버립니다.`,
  drawDrawn: (name, w, h) => `${name}, 크기 ${w} × ${h}. 1–9로 클래스를 바꾸고 Delete로 지웁니다. Esc를 누르거나 다음 것을 그리면 선택이 풀립니다.`, drawPlace: (x1, y1, x2, y2) => `${x1}, ${y1}에서 ${x2}, ${y2}까지`, drawClass: (name) => `이것과 다음 것의 클래스: ${name}`, drawDeleted: (name) => `지움: ${name}`,
  drawAccepted: (n, left) => `${n}개를 받았고 ${left}개 남았습니다.`, drawRejected: (n, left) => `${n}개를 버렸고 ${left}개 남았습니다.`,
  drawCopied: (n) => `${n}개를 복사했습니다.`, drawPasted: (n, out) => `${n}개를 붙여 넣었습니다.${out ? ` ${out}개는 이 이미지 밖이라 빠졌습니다.` : ""}`, drawCopiedHere: (n, out) => `${n}개를 가져왔습니다.${out ? ` ${out}개는 이 이미지 밖이라 빠졌습니다.` : ""}`,
  drawFlags: { crowd: "무리", difficult: "어려움", truncated: "잘림", occluded: "가려짐" },
  drawFlagTitles: { crowd: "여럿을 하나로 표시한 것", difficult: "알아보기 어려워 모델을 채점할 때 세지 않음", truncated: "이미지 밖으로 이어짐", occluded: "다른 것에 일부가 가려짐" },
  drawAddPart: "조각 더하기", drawAddPartTitle: "다음에 그리는 윤곽선이 이 물체의 한 조각이 됩니다", drawDelete: "지우기", drawAccept: "받기", drawReject: "버리기", drawAcceptAll: (n) => `${n}개 모두 받기`, drawLeast: "점수 ≥",
  drawClose: "닫기", drawLastCorner: "마지막 꼭짓점 지우기", drawFit: "맞춤", drawFitTitle: "이미지 전체 (0)", drawZoomIn: "확대 (+)", drawZoomOut: "축소 (−)",
  drawSize: "크기", drawBrushSize: (n) => `크기 ${n}`, drawOpacity: "불투명도", drawEraseTo: "지운 자리", drawOnly: "칠할 곳", drawEverything: "전부", drawUnknown: "표시 안 됨",
  drawRest: (name) => `나머지는 ${name}`, drawRestTitle: "아직 표시하지 않은 곳을 모두 이 클래스로 칠합니다", drawOutside: "이미지 밖입니다.", drawFilledAlready: "이 영역은 이미 그 클래스입니다.", drawPainted: (name) => `칠함: ${name}`, drawFilled: (name) => `채움: ${name}`, drawCleared: "이 이미지에는 아무것도 없습니다.",
  drawNoProposal: "이 이미지에는 제안이 없습니다.", drawAcceptMask: "모두 받기", drawRejectMask: "모두 버리기", drawAcceptedMask: "가져왔습니다.", drawRejectedMask: "버렸습니다.", drawCopiedMask: "표시 안 된 곳에 가져왔습니다.",
  drawOtherSize: (w, h, x, y) => `마스크는 ${w} × ${h}, 이 이미지는 ${x} × ${y}라서 가져오지 않았습니다.`,
  drawNoGround: "배경 클래스가 없어서 빈 이미지로 표시할 수 없습니다.", drawBadMask: "이 마스크를 읽을 수 없어 그대로 둡니다.",
  drawSummary: (n, classes, proposed) => `${n ? `물체 ${n}개: ${classes.map(([name, count]) => `${name} ${count}개`).join(", ")}` : "물체가 없습니다"}.${proposed ? ` 제안 ${proposed}개.` : ""}`,
  drawMaskSummary: (shares, proposed) => `${shares.map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`).join(", ") || "마스크 없음"}.${proposed ? " 제안된 마스크가 있습니다." : ""}`,
});
// The keys of the help.
Object.assign(jumok.words.en.keysOf ??= {}, {
  objects: [
    ["V", "select"], ["B", "box"], ["G", "outline; Enter closes it"], ["Backspace", "while an outline is drawn: last corner back"],
    ["Tab", "next object (Shift: previous)"], ["← ↑ ↓ →", "move by 1 pixel (Shift: 10; Alt: resize)"], [", .", "corners of an outline, for arrows and Delete"], ["I", "put in a corner"],
    ["B ← → Enter", "draw a box without a mouse"], ["Ctrl+C Ctrl+V", "copy to another image"], ["Esc", "cancel, select nothing, leave the image"], ["+ − 0", "zoom in, out, all"], ["Space", "drag the image, as the middle button does"],
  ],
  mask: [
    ["R", "brush"], ["E", "eraser"], ["[ ]", "smaller and larger"], ["G", "outline; Enter fills it"], ["Shift+Enter", "fill an outline with what is proposed"], ["F", "fill a region"], ["T", "brush of what is proposed"], ["Enter", "accept the region under the pointer"], ["Delete", "reject it"],
    ["R ← → Enter", "paint without a mouse"], ["Esc", "cancel"], ["+ − 0", "zoom in, out, all"], ["Space", "drag the image, as the middle button does"],
  ],
});
Object.assign(jumok.words.ko.keysOf ??= {}, {
  objects: [
    ["V", "선택"], ["B", "상자"], ["G", "윤곽선, Enter로 닫기"], ["Backspace", "윤곽선을 그리는 중: 마지막 꼭짓점 지우기"],
    ["Tab", "다음 물체 (Shift: 이전)"], ["← ↑ ↓ →", "1픽셀씩 옮기기 (Shift: 10픽셀, Alt: 크기)"], [", .", "윤곽선의 꼭짓점 고르기 (화살표, Delete)"], ["I", "꼭짓점 넣기"],
    ["B ← → Enter", "마우스 없이 상자 그리기"], ["Ctrl+C Ctrl+V", "다른 이미지로 복사"], ["Esc", "취소, 선택 풀기, 이미지에서 나가기"], ["+ − 0", "확대, 축소, 전체"], ["Space", "누른 채 끌어서 이미지 옮기기 (가운데 버튼도 같음)"],
  ],
  mask: [
    ["R", "붓"], ["E", "지우개"], ["[ ]", "작게, 크게"], ["G", "윤곽선, Enter로 채우기"], ["Shift+Enter", "윤곽선 안을 제안으로 채우기"], ["F", "영역 채우기"], ["T", "제안을 가져오는 붓"], ["Enter", "가리킨 곳의 제안 받기"], ["Delete", "그 제안 버리기"],
    ["R ← → Enter", "마우스 없이 칠하기"], ["Esc", "취소"], ["+ − 0", "확대, 축소, 전체"], ["Space", "누른 채 끌어서 이미지 옮기기 (가운데 버튼도 같음)"],
  ],
});
