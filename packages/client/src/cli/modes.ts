/** Whether a word of a kind may stand on the command line. */
type Need = "none" | "optional" | "required";

/** What a command line must hold for what it wants done. */
interface Form {
  readonly machine: Need;
  readonly property: Need;
  /** Whether `+USER` and `^USER` may stand there. */
  readonly users: "none" | "allow" | "any";
  /** Whether `--each` may stand in the machine's place. */
  readonly each?: true;
  /** Whether it changes something, and so prints nothing. */
  readonly changes?: true;
}

const nothing: Form = { machine: "none", property: "none", users: "none" };

/** What can be done when it is not the default, with the words that each takes. */
export const modes = {
  create: { machine: "required", property: "none", users: "allow", changes: true },
  "change-password": { machine: "required", property: "none", users: "any", changes: true },
  "set-public": { machine: "required", property: "required", users: "any", each: true, changes: true },
  "set-encrypted": { machine: "required", property: "required", users: "any", each: true, changes: true },
  get: { machine: "required", property: "required", users: "none" },
  "list-properties": { machine: "required", property: "none", users: "none" },
  "delete-property": { machine: "required", property: "required", users: "any", each: true, changes: true },
  delete: { machine: "required", property: "none", users: "none", each: true, changes: true },
  rename: { machine: "required", property: "none", users: "any", changes: true },
  history: { machine: "required", property: "optional", users: "none" },
  restore: { machine: "required", property: "optional", users: "any", changes: true },
  search: nothing,
  offboard: nothing,
  pending: nothing,
  rewrap: nothing,
  keys: nothing,
  web: nothing,
  doctor: nothing,
  ssh: { machine: "required", property: "none", users: "none" },
  run: { machine: "required", property: "none", users: "none" },
  template: nothing,
  completion: nothing,
  "lookup-machine": { machine: "optional", property: "none", users: "none" },
  "lookup-property": { machine: "required", property: "none", users: "none" },
  "lookup-member": { machine: "required", property: "none", users: "none" },
  "lookup-user": { machine: "optional", property: "none", users: "none" },
  "consistency-check": nothing,
  help: { machine: "optional", property: "optional", users: "any" },
  version: { machine: "optional", property: "optional", users: "any" },
} as const satisfies Record<string, Form>;

export type Mode = keyof typeof modes;

/** What completion asks for. */
export type LookupMode = Extract<Mode, `lookup-${string}`>;

export function isLookup(mode: Mode | null): mode is LookupMode {
  return mode?.startsWith("lookup-") ?? false;
}

/** To list or show; with users named, to allow and revoke. */
const usual: Form = { machine: "optional", property: "none", users: "any", each: true };

export function formOf(mode: Mode | null): Form {
  return mode === null ? usual : modes[mode];
}
