import type { Outcome } from "../../execute/outcome.ts";

/** Where a model stands on the axis of steps: how far it was trained. */
export const placeOf = ({ figures }: Outcome): number => Number(figures.epochs ?? figures.steps ?? 0);
