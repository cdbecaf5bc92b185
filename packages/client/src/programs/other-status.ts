import { Problem, type ProblemCode } from "@pstore/core/problem";

/** A problem with a program that we run for somebody else: the exit status is the one that they would see without us. */
export class OtherStatus extends Problem {
  readonly exitStatus: number;

  constructor(exitStatus: number, code: ProblemCode, sentence: string) {
    super(code, sentence);
    this.exitStatus = exitStatus;
  }
}
