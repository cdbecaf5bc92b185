import type { Child } from "hono/jsx";
import { columnOf, frame, roundUp, short } from "./scale.ts";

/** Two labels nearer to each other than this could not be read. */
const lineHeight = 16;

interface PlotProps {
  /** Unique on its page. */
  readonly id: string;
  readonly title: string;
  /** The same in a sentence, for who cannot see it. */
  readonly description: string;
  /** `YYYY-MM-DD`, one day after the other. */
  readonly days: readonly string[];
}

interface BarProps extends PlotProps {
  /** Drawn above the line; `null`: not known. */
  readonly above: readonly (number | null)[];
  /** Drawn below it, at the same scale. */
  readonly below: readonly (number | null)[];
}

/** Two numbers a day, as bars up and down: so that nobody need tell them apart by their colours. */
export function BarPlot({ above, below, ...plot }: BarProps) {
  const up = roundUp(highest(above));
  const down = highest(below) === 0 ? 0 : roundUp(highest(below));
  const scale = (frame.bottom - frame.top) / (up + down);
  const zero = frame.top + up * scale;
  return (
    <Plot {...plot}>
      <Line at={frame.top} label={shownNumber(up)} />
      <Line at={zero} label="0" />
      {frame.bottom - zero > lineHeight && <Line at={frame.bottom} label={shownNumber(down)} />}
      <path class="above" d={bars(above, zero, -scale)} />
      <path class="below" d={bars(below, zero, scale)} />
    </Plot>
  );
}

interface LineProps extends PlotProps {
  /** At the end of each day; `null`: not known. */
  readonly values: readonly (number | null)[];
  readonly shown: (value: number) => string;
  readonly roundUp: (value: number) => number;
}

/** One number a day, as a line that breaks where it is not known. */
export function LinePlot({ values, shown, roundUp: round, ...plot }: LineProps) {
  const up = round(highest(values));
  const scale = (frame.bottom - frame.top) / up;
  const points = values.map((value, index) =>
    value === null
      ? null
      : `${short((columnOf(index, values.length) + columnOf(index + 1, values.length)) / 2)} ${short(frame.bottom - value * scale)}`,
  );
  // A line of one point is seen as a dot, by its round ends.
  const path = points
    .map((point, index) => {
      if (point === null) return "";
      const isBegin = index === 0 || points[index - 1] === null;
      return isBegin ? `M${point}L${point}` : `L${point}`;
    })
    .join("");
  return (
    <Plot {...plot}>
      <Line at={frame.top} label={shown(up)} />
      <Line at={frame.bottom} label="0" />
      <path class="line" d={path} />
    </Plot>
  );
}

function Plot({ id, title, description, days, children }: PlotProps & { children?: Child }) {
  const [first = "", last = ""] = [days[0], days.at(-1)];
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${frame.width} ${frame.height}`}
      role="img"
      aria-labelledby={`${id}-title ${id}-description`}
    >
      <title id={`${id}-title`}>{title}</title>
      <desc id={`${id}-description`}>{description}</desc>
      {children}
      <text x={frame.left} y={frame.height - 8}>
        {first}
      </text>
      <text x={frame.right} y={frame.height - 8} text-anchor="end">
        {last}
      </text>
    </svg>
  );
}

function Line({ at, label }: { at: number; label: string }) {
  const y = short(at);
  return (
    <>
      <line x1={frame.left} x2={frame.right} y1={y} y2={y} />
      <text x={frame.left - 6} y={short(at + 4)} text-anchor="end">
        {label}
      </text>
    </>
  );
}

function highest(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

function bars(values: readonly (number | null)[], zero: number, scale: number): string {
  return values
    .map((value, index) => {
      if (value === null || value === 0) return "";
      const left = columnOf(index, values.length);
      const width = short((columnOf(index + 1, values.length) - left) * 0.8);
      // However little it is, it can be seen.
      const height = Math.sign(scale) * Math.max(Math.abs(value * scale), 1);
      return `M${left} ${short(zero)}v${short(height)}h${width}V${short(zero)}z`;
    })
    .join("");
}

/** A number on few characters: `1.5k`, `20M`. */
export function shownNumber(value: number): string {
  if (value >= 1_000_000) return `${short(value / 1_000_000)}M`;
  return value >= 10_000 ? `${short(value / 1000)}k` : String(value);
}
