/** Element types of the IR. A `bool` array holds 0 and 1 in bytes; `i32` wraps around. */
export type DType = "f32" | "f64" | "i32" | "bool";

export const isFloat = (dtype: DType): dtype is "f32" | "f64" => dtype === "f32" || dtype === "f64";
