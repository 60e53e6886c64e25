const viewOf = (code: Uint8Array): DataView => new DataView(code.buffer, code.byteOffset, code.byteLength);

/**
 * Filters for processors whose instructions have a fixed width: which instructions branch, and where their address is, as
 * in the files named after them in liblzma/simple of XZ Utils.
 */
export const decodeFixedWidth = {
  /** `bl` with an absolute-address bit of 0: 26 bits of address, the lowest two no part of it. */
  powerPc(code: Uint8Array): void {
    const view = viewOf(code);
    for (let at = 0; at + 4 <= code.length; at += 4) {
      const instruction = view.getUint32(at);
      if ((instruction & 0xfc000003) >>> 0 !== 0x48000001) continue;
      view.setUint32(at, 0x48000001 | (((instruction & 0x03fffffc) - at) & 0x03fffffc));
    }
  },

  /** `bl`, executed always: 24 bits, in words, counted from two instructions on. */
  arm(code: Uint8Array): void {
    const view = viewOf(code);
    for (let at = 0; at + 4 <= code.length; at += 4) {
      if (code[at + 3] !== 0xeb) continue;
      const target = (view.getUint32(at, true) & 0xffffff) << 2;
      view.setUint32(at, 0xeb000000 | (((target - (at + 8)) >>> 2) & 0xffffff), true);
    }
  },

  /** `bl` of two half words with 11 bits each, counted from two instructions on. */
  armThumb(code: Uint8Array): void {
    const view = viewOf(code);
    for (let at = 0; at + 4 <= code.length; at += 2) {
      const high = view.getUint16(at, true);
      const low = view.getUint16(at + 2, true);
      if ((high & 0xf800) !== 0xf000 || (low & 0xf800) !== 0xf800) continue;
      const target = ((high & 0x7ff) << 12) | ((low & 0x7ff) << 1);
      const relative = (target - (at + 4)) >>> 1;
      view.setUint16(at, 0xf000 | ((relative >>> 11) & 0x7ff), true);
      view.setUint16(at + 2, 0xf800 | (relative & 0x7ff), true);
      at += 2;
    }
  },

  /** `call` to within 8 MiB: 30 bits, in words, of which the upper eight are equal. */
  sparc(code: Uint8Array): void {
    const view = viewOf(code);
    for (let at = 0; at + 4 <= code.length; at += 4) {
      const instruction = view.getUint32(at);
      const upper = instruction >>> 22;
      if (upper !== 0x100 && upper !== 0x1ff) continue;
      const relative = ((instruction << 2) - at) >>> 2;
      const sign = (0 - ((relative >>> 22) & 1)) << 22;
      view.setUint32(at, (sign & 0x3fffffff) | (relative & 0x3fffff) | 0x40000000);
    }
  },

  /** `bl` with 26 bits in words, and `adrp` to within 512 MiB with 21 bits in pages. */
  arm64(code: Uint8Array): void {
    const view = viewOf(code);
    for (let at = 0; at + 4 <= code.length; at += 4) {
      const instruction = view.getUint32(at, true);
      if (instruction >>> 26 === 0x25) {
        view.setUint32(at, 0x94000000 | ((instruction - (at >>> 2)) & 0x03ffffff), true);
      } else if ((instruction & 0x9f000000) >>> 0 === 0x90000000) {
        const target = ((instruction >>> 29) & 3) | ((instruction >>> 3) & 0x1ffffc);
        if (((target + 0x020000) & 0x1c0000) !== 0) continue;
        const relative = target - (at >>> 12);
        const low = (relative & 3) << 29;
        const high = (relative & 0x03fffc) << 3;
        const sign = (0 - (relative & 0x020000)) & 0xe00000;
        view.setUint32(at, (instruction & 0x9000001f) | low | high | sign, true);
      }
    }
  },
};
