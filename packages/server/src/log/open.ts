import { type Log, type LogFormat, makeLog } from "./log.ts";
import { LineQueue } from "./queue.ts";

/** The last lines of the log get this long to be read, in milliseconds. */
const lastLines = 1000;

/** A log whose reader keeps nobody waiting. */
export interface OpenLog extends Log {
  /** Resolves when all is written, or nobody reads it in time. */
  close(): Promise<void>;
}

/** @param write writes all of a text */
export function openLog(format: LogFormat, write: (text: string) => Promise<void>): OpenLog {
  const queue = new LineQueue(write, (count) => {
    let line = "";
    makeLog(format, (made) => {
      line = made;
    }).message("warning", leftOut(count));
    return line;
  });
  return { ...makeLog(format, (line) => queue.push(line)), close: () => queue.end(lastLines) };
}

function leftOut(count: number): string {
  return `${count} lines were left out here, since nobody read them in time; 'pstore-server audit' has all rows of the audit log`;
}
