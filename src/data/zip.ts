/** Zip archives (PKWARE APPNOTE 4.3), as far as a table of up to 4 GB goes: where their files lie. Bytes are trusted in nothing. */

/** One file of an archive. */
export interface Entry {
  readonly path: string;
  readonly size: number;
  readonly packed: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly offset: number;
  /** Of the contents. */
  readonly crc32: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_SIZE = 22;
const CENTRAL_SIZE = 46;
/** Bytes of the header before each file, without its name. */
export const HEADER = 30;
/** The end record, and the longest comment that may follow it. */
export const TAIL = END_SIZE + 0xffff;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** The record in an archive's last bytes that says where its table is; undefined where there is none. */
export const endOf = (
  tail: Uint8Array,
): { readonly at: number; readonly count: number; readonly start: number; readonly size: number } | undefined => {
  const view = viewOf(tail);
  const first = Math.max(0, tail.length - TAIL);
  for (let at = tail.length - END_SIZE; at >= first; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const [size, start] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    return { at, count: view.getUint16(at + 10, true), start, size };
  }
  return undefined;
};

/** The entries of a table; where it is damaged the place in it. */
export const entriesIn = (table: Uint8Array, count: number): readonly Entry[] | { readonly damagedAt: number } => {
  const view = viewOf(table);
  const entries: Entry[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    if (at + CENTRAL_SIZE > table.length || view.getUint32(at, true) !== CENTRAL) return { damagedAt: at };
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + CENTRAL_SIZE + name + extra + comment;
    if (next > table.length) return { damagedAt: at };
    entries.push({
      path: new TextDecoder().decode(table.subarray(at + CENTRAL_SIZE, at + CENTRAL_SIZE + name)),
      method: view.getUint16(at + 10, true),
      crc32: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
};

/** How far behind the beginning of its header a file's bytes begin; undefined where that is none. */
export const headerLength = (header: Uint8Array): number | undefined => {
  if (header.length < HEADER) return undefined;
  const view = viewOf(header);
  return view.getUint32(0, true) === LOCAL ? HEADER + view.getUint16(26, true) + view.getUint16(28, true) : undefined;
};
