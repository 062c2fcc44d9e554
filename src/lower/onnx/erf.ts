import type { Arithmetic } from "./elementwise.ts";
import type { OnnxValue } from "./model.ts";

/** 2 / sqrt(pi) times (-1)^n / (n! (2 n + 1)), the highest n first: erf(x) / x in powers of x^2, to 1e-17 for |x| < 1. */
const SERIES = [
  4.763348040515068e-18, -9.063970842808673e-17, 1.6342614095367152e-15, -2.7835162072109215e-14,
  4.4632242632864775e-13, -6.7113668551641105e-12, 9.422759064650411e-11, -1.2290555301717928e-9, 1.4807192815879218e-8,
  -1.6365844691234924e-7, 1.6462114365889248e-6, -1.492565035840625e-5, 0.00012055332981789664, -0.0008548327023450853,
  0.005223977625442188, -0.026866170645131252, 0.11283791670955126, -0.37612638903183754, 1.1283791670955126,
];

/** e^(x^2) erfc(x) for x from 1 to 6 in powers of s = 9.6 / (x + 2) - 2.2, the highest first: Chebyshev's interpolation, to 1e-17. */
const TAIL = [
  -9.369456032869593e-13, 4.775776110782188e-13, 2.2135736614933752e-11, -7.468711818050684e-11, -2.68698518348558e-10,
  2.625007492297143e-9, -5.886053299221601e-10, -7.005371793736792e-8, 1.6349937383405805e-7, 1.9795619759276e-6,
  -7.340517938287998e-6, -8.07922042879663e-5, 0.00019713917772795885, 0.005588816281841403, 0.038560570425182426,
  0.16189356804102495, 0.2214295402299318,
];

/** erf in f64, which the engine has in f32 only. */
export function erf64(math: Arithmetic, x: OnnxValue): OnnxValue {
  const square = math.binary("Mul", x, x);
  const near = math.binary("Mul", x, polynomial(math, math.binary("Min", square, 1), SERIES));
  const magnitude = math.unary("Abs", x);
  const far = math.binary("Min", math.binary("Max", magnitude, 1), 6);
  const s = math.binary("Sub", math.binary("Mul", math.unary("Reciprocal", math.binary("Add", far, 2)), 9.6), 2.2);
  const decay = math.unary("Exp", math.unary("Neg", math.binary("Mul", far, far)));
  const rest = math.binary("Mul", decay, polynomial(math, s, TAIL));
  const tail = math.binary("Sub", math.unary("Sign", x), math.binary("Mul", math.unary("Sign", x), rest));
  return math.where(math.test("GreaterOrEqual", magnitude, 1), tail, near);
}

const polynomial = (math: Arithmetic, x: OnnxValue, [first, ...rest]: readonly number[]): OnnxValue =>
  rest.reduce<OnnxValue>(
    (sum, coefficient) => math.binary("Add", math.binary("Mul", sum, x), coefficient),
    math.emitter.scalar("f64", first!),
  );
