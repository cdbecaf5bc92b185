/** A number that was counted up to a bound, so that it costs no more than that. */
export interface CountUpTo {
  readonly count: number;
  /** There are more. */
  readonly more: boolean;
}

/** @param counted up to one more than `most` */
export function upTo(counted: number, most: number): CountUpTo {
  return counted > most ? { count: most, more: true } : { count: counted, more: false };
}
