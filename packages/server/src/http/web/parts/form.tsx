import type { Child } from "hono/jsx";
import type { Visit } from "../visit.ts";

/** What shows that a form is ours. */
export function Csrf({ visit }: { visit: Visit }) {
  return <input type="hidden" name="csrf" value={visit.formToken} />;
}

interface PostProps {
  readonly visit: Visit;
  readonly action: string;
  /** It holds a file. */
  readonly upload?: boolean;
  readonly class?: string;
  readonly children?: Child;
}

/** A form that changes something. */
export function Post({ visit, action, upload = false, class: name, children }: PostProps) {
  return (
    <form method="post" action={action} class={name} enctype={upload ? "multipart/form-data" : undefined}>
      <Csrf visit={visit} />
      {children}
    </form>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: string;
  readonly value?: string;
  /** A sentence below it. */
  readonly hint?: Child;
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly maxlength?: number;
  readonly autofocus?: boolean;
  readonly pattern?: string;
  readonly inputmode?: "numeric" | "email" | "search";
}

/** A line to type in, with its label. */
export function Field({ name, label, type = "text", hint, ...rest }: FieldProps) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={type}
        aria-describedby={hint ? `${name}-hint` : undefined}
        {...rest}
      />
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface TickProps {
  readonly name: string;
  readonly label: string;
  readonly checked?: boolean;
  readonly hint?: Child;
}

/** A box to tick. */
export function Tick({ name, label, checked = false, hint }: TickProps) {
  return (
    <div class="field tick">
      <input
        id={name}
        name={name}
        type="checkbox"
        value="1"
        checked={checked}
        aria-describedby={hint ? `${name}-hint` : undefined}
      />
      <label for={name}>{label}</label>
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  /** Value → what is shown. */
  readonly options: readonly (readonly [string, string])[];
  readonly value?: string;
}

/** One of several. */
export function Choice({ name, label, options, value }: ChoiceProps) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name}>
        {options.map(([key, shown]) => (
          <option value={key} selected={key === value}>
            {shown}
          </option>
        ))}
      </select>
    </div>
  );
}
