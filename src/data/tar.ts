import { refuse } from "./error.ts";

const BLOCK = 512;

/** Files of a tar archive by their path in it; contents are not copied (POSIX ustar: 512-byte headers, sizes in octal). */
export function* tarEntries(
  archive: Uint8Array,
  file: string,
): Generator<{ readonly path: string; readonly bytes: Uint8Array }> {
  const text = (at: number, length: number): string => {
    const field = archive.subarray(at, at + length);
    const end = field.indexOf(0);
    return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
  };
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const octal = text(at + 124, 12).trim();
    const size = /^[0-7]+$/.test(octal) ? Number.parseInt(octal, 8) : Number.NaN;
    const start = at + BLOCK;
    if (!(start + size <= archive.length)) {
      refuse(Number.isNaN(size) ? "MTT5503" : "MTT5504", {
        message: `${file}: the tar entry at byte ${at} announces ${Number.isNaN(size) ? "no size" : `${size} bytes`}, and ${archive.length - start} are left`,
        file,
        offset: at,
        expected: "a tar archive",
        found: octal,
        help: "the archive is damaged or was cut off: get it again",
      });
    }
    // Regular files only: a link or a folder has no contents.
    const type = archive[at + 156];
    if (type === 0 || type === 0x30) yield { path: text(at, 100), bytes: archive.subarray(start, start + size) };
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}
