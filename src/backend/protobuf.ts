import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

type Scalar = "int32" | "int64" | "float" | "double" | "bool" | "string" | "bytes";
type Field = readonly [number: number, type: Scalar | (() => Schema)];
export type Schema = Readonly<Record<string, Field>>;
/** Field values by name; an array is a repeated field. */
export type Message = { readonly [field: string]: Value | readonly Value[] | undefined };
type Value = number | bigint | boolean | string | Uint8Array | Message;

/** A message in protocol buffers' wire format. Throws TypeError for a field that the schema does not have. */
export const encode = (schema: Schema, message: Message): Uint8Array<ArrayBuffer> =>
  write(new BinaryWriter(), schema, message).finish();

function write(writer: BinaryWriter, schema: Schema, message: Message): BinaryWriter {
  for (const [name, value] of Object.entries(message)) {
    const field = schema[name];
    if (field === undefined) throw new TypeError(`the schema has no field ${name}`);
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly Value[]) : [value as Value])
      writeField(writer, field, one);
  }
  return writer;
}

function writeField(writer: BinaryWriter, [number, kind]: Field, value: Value): void {
  if (typeof kind === "function") {
    write(writer.tag(number, WireType.LengthDelimited).fork(), kind(), value as Message).join();
    return;
  }
  switch (kind) {
    case "int32":
      writer.tag(number, WireType.Varint).int32(value as number);
      return;
    case "int64":
      writer.tag(number, WireType.Varint).int64(value as number);
      return;
    case "float":
      writer.tag(number, WireType.Bit32).float(value as number);
      return;
    case "double":
      writer.tag(number, WireType.Bit64).double(value as number);
      return;
    case "bool":
      writer.tag(number, WireType.Varint).bool(value as boolean);
      return;
    case "string":
      writer.tag(number, WireType.LengthDelimited).string(value as string);
      return;
    case "bytes":
      writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array);
      return;
  }
}
