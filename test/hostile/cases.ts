import { crc32 } from "node:zlib";
import { hashJson } from "../../src/store/hash.ts";
import { mutated, randomOf } from "./mutations.ts";
import { type Reader, readers } from "./readers.ts";

export interface HostileCase {
  readonly reader: Reader;
  readonly bytes: Uint8Array;
  readonly how: string;
}

/** Case `index` of a seed: a sample of one of the readers, changed; half of the time with checksums that are right again. */
export const caseOf = (seed: number, index: number): HostileCase => {
  const next = randomOf(seed * 1_000_003 + index);
  const reader = readers[index % readers.length]!;
  const [sample, other] = [0, 1].map(() => reader.samples[Math.floor(next() * reader.samples.length)]!);
  const { bytes, how } = mutated(sample!, next, other!);
  const mend = menders[reader.name];
  return mend !== undefined && next() < 0.5
    ? { reader, bytes: mend(bytes), how: `${how}, mended` }
    : { reader, bytes, how };
};

const SEAL = /^\{"sha256":"[^"]*","result":([\s\S]*)\}\s*$/;
const sealedAgain = (bytes: Uint8Array): Uint8Array => {
  const body = SEAL.exec(new TextDecoder().decode(bytes))?.[1];
  if (body === undefined) return bytes;
  try {
    return new TextEncoder().encode(`{"sha256":"${hashJson(JSON.parse(body))}","result":${body}}\n`);
  } catch {
    return bytes;
  }
};

/** Whoever harms a file on purpose mends its checksums too. */
const menders: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  png: (bytes) => {
    const out = bytes.slice();
    const view = new DataView(out.buffer);
    for (let at = 8; at + 12 <= out.length; ) {
      const end = at + 8 + view.getUint32(at);
      if (end + 4 > out.length) break;
      view.setUint32(end, crc32(out.subarray(at + 4, end)));
      at = end + 4;
    }
    return out;
  },
  "result of a store": sealedAgain,
  "record of a run": sealedAgain,
};
