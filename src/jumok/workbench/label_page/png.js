// PNG images of 8-bit gray, written and read byte for byte: a canvas would convert colours on the way.
"use strict";
(() => {
  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
  const CRC = new Uint32Array(256).map((_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });

  function crc(bytes) {
    let c = 0xffffffff;
    for (let i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]) & 255] ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
  }

  async function through(stream, bytes) {
    return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  }

  function chunk(name, body) {
    const made = new Uint8Array(12 + body.length), numbers = new DataView(made.buffer);
    numbers.setUint32(0, body.length);
    for (let i = 0; i < 4; i++) made[4 + i] = name.charCodeAt(i);
    made.set(body, 8);
    numbers.setUint32(8 + body.length, crc(made.subarray(4, 8 + body.length)));
    return made;
  }

  async function encode(values, width, height) {  // a PNG of these values, row by row
    const rows = new Uint8Array(height * (width + 1));  // each row begins with its filter: 0, none
    for (let y = 0; y < height; y++) rows.set(values.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
    const head = new Uint8Array(13), numbers = new DataView(head.buffer);
    numbers.setUint32(0, width);
    numbers.setUint32(4, height);
    head[8] = 8;  // bits; gray, deflate, adaptive filters, not interlaced are 0
    const packed = await through(new CompressionStream("deflate"), rows);
    const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", head), chunk("IDAT", packed), chunk("IEND", new Uint8Array())];
    const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { made.set(part, at); at += part.length; }
    return made;
  }

  function chunksOf(bytes) {  // [[name, body], …]
    if (SIGNATURE.some((value, i) => bytes[i] !== value)) throw new Error("not a PNG image");
    const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found = [];
    for (let at = 8; at + 12 <= bytes.length;) {
      const length = numbers.getUint32(at), end = at + 12 + length;
      if (end > bytes.length) throw new Error("a PNG image that ends early");
      if (crc(bytes.subarray(at + 4, end - 4)) !== numbers.getUint32(end - 4)) throw new Error("a damaged PNG image");
      found.push([String.fromCharCode(...bytes.subarray(at + 4, at + 8)), bytes.subarray(at + 8, end - 4)]);
      at = end;
    }
    return found;
  }

  function paeth(a, b, c) {
    const p = a + b - c, pa = Math.abs(p - a), pb = Math.abs(p - b), pc = Math.abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  }

  function unfilter(rows, width, height) {  // the values of rows that were filtered (PNG specification, section 9)
    const values = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const from = y * (width + 1), to = y * width, up = to - width, filter = rows[from];
      if (filter > 4) throw new Error("a damaged PNG image");
      if (filter === 0) { values.set(rows.subarray(from + 1, from + 1 + width), to); continue; }
      for (let x = 0; x < width; x++) {
        const left = x ? values[to + x - 1] : 0, above = y ? values[up + x] : 0, corner = x && y ? values[up + x - 1] : 0;
        const guess = filter === 1 ? left : filter === 2 ? above : filter === 3 ? (left + above) >> 1 : paeth(left, above, corner);
        values[to + x] = rows[from + 1 + x] + guess;
      }
    }
    return values;
  }

  async function decode(bytes) {  // {width, height, values}
    const chunks = chunksOf(bytes), head = chunks[0]?.[1], numbers = new DataView(head.buffer, head.byteOffset, 13);
    const width = numbers.getUint32(0), height = numbers.getUint32(4);
    if (head[8] !== 8 || head[9] !== 0 || head[12] !== 0) throw new Error("not a PNG image of 8-bit gray without interlacing");
    const data = chunks.filter(([name]) => name === "IDAT").map(([, body]) => body);
    const rows = await through(new DecompressionStream("deflate"), await new Blob(data).arrayBuffer());
    if (rows.length !== height * (width + 1)) throw new Error("a PNG image that ends early");
    return { width, height, values: unfilter(rows, width, height) };
  }

  function toBase64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  }
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  jumok.png = { encode, decode, toBase64, fromBase64 };
})();
