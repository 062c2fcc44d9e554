import { around, type Data, type Kernel, type Operand } from "./array.ts";

// Operations along one axis, each line of which is on its own.

/** Visits every line along an axis of [outer, n, inner]: where it begins; its elements are `inner` apart. */
function eachLine(
  x: Operand,
  axis: number,
  visit: (start: number, step: number, n: number, line: number) => void,
): void {
  const { outer, n, inner } = around(x.shape, axis);
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) visit(o * n * inner + i, inner, n, o * inner + i);
}

/** The first largest; a NaN counts as largest. */
export const argmax: Kernel<"argmax"> = ({ dimension }, [x], _type, out) => {
  const { data } = x!;
  eachLine(x!, dimension, (start, step, n, line) => {
    let best = 0;
    for (let i = 1; i < n; i++) {
      const [value, largest] = [data[start + i * step]!, data[start + best * step]!];
      if (value > largest || (Number.isNaN(value) && !Number.isNaN(largest))) best = i;
    }
    out[line] = best;
  });
};

export const cumulativeSum: Kernel<"cumulative_sum"> = ({ dimension, reverse }, [x], _type, out) => {
  eachLine(x!, dimension, (start, step, n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const at = start + (reverse ? n - 1 - i : i) * step;
      sum += x!.data[at]!;
      out[at] = sum;
    }
  });
};

export const sort: Kernel<"sort"> = ({ dimension }, [x], _type, out) => {
  eachSorted(x!, dimension, (at, from) => {
    out[at] = x!.data[from]!;
  });
};

export const argsort: Kernel<"argsort"> = ({ dimension }, [x], _type, out) => {
  eachSorted(x!, dimension, (at, _, index) => {
    out[at] = index;
  });
};

/** Ascending and stable, NaN last: place `at` takes the element at `from`, number `index` of its line. */
function eachSorted(x: Operand, axis: number, visit: (at: number, from: number, index: number) => void): void {
  const { data }: { readonly data: Data } = x;
  eachLine(x, axis, (start, step, n) => {
    const value = (i: number) => data[start + i * step]!;
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => ascending(value(a), value(b)));
    order.forEach((index, i) => {
      visit(start + i * step, start + index * step, index);
    });
  });
}

const ascending = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
