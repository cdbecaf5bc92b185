import { clientCommand } from "@pstore/core/client-command";

/** A command of the client's to copy, on a line of its own. */
export function ClientCommand({ words }: { words: readonly string[] }) {
  return (
    <pre tabindex={0}>
      <code>{clientCommand(...words)}</code>
    </pre>
  );
}
