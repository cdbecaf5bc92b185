/** What one metric is called, and what it means: https://prometheus.io/docs/practices/naming/ */
export interface Described {
  readonly name: string;
  readonly help: string;
}

export type Labels = Readonly<Record<string, string>>;

/** One value, with the labels that tell it from the others of its family. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Samples of one name. */
export interface Family extends Described {
  readonly type: "counter" | "gauge" | "histogram";
  /**
   * @param suffix is what the name of a sample has behind the family's
   * @returns none for what is not known now
   */
  samples(): Promise<readonly (Sample & { readonly suffix?: string })[]>;
}

/**
 * Families in Prometheus's text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export async function exposition(families: readonly Family[]): Promise<string> {
  const texts = await Promise.all(families.map(familyText));
  return texts.join("");
}

/** The media type of {@link exposition}. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

async function familyText(family: Family): Promise<string> {
  const { name, help, type } = family;
  const samples = await family.samples();
  if (samples.length === 0) return "";
  const lines = samples.map(
    ({ suffix = "", labels, value }) => `${name}${suffix}${labelText(labels)} ${valueText(value)}\n`,
  );
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function valueText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? "+Inf" : String(value);
}

/** A value that is looked up when somebody asks. */
export function gauge(described: Described, read: () => number): Family {
  return sampled("gauge", described, async () => [{ labels: {}, value: read() }]);
}

/** Values that are looked up when somebody asks. */
export function sampled(
  type: "counter" | "gauge",
  described: Described,
  samples: () => Promise<readonly Sample[]>,
): Family {
  return { ...described, type, samples };
}
