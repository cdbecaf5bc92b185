import { readFigures } from "../../../../services/figures.ts";
import { attention } from "../../../../services/health.ts";
import { type Page, page } from "../../page.ts";
import { html } from "../../reply.tsx";
import { Attention, DayTable, Plots, Summary } from "./overview-view.tsx";

export const overviewPages: readonly Page[] = [
  page(
    { method: "GET", path: "/", need: "staff", action: "store" },
    async ({ dependencies, visit, admin }) => {
      const { totals, days } = await readFigures(dependencies.db);
      const counts = await attention(dependencies.db);
      return await html(
        visit,
        { title: "Overview" },
        <>
          <Attention totals={totals} counts={counts} />
          <Summary totals={totals} today={days.at(-1)} admin={admin} />
          <h2>The last {days.length} days</h2>
          <Plots days={days} />
          <DayTable days={days} />
        </>,
      );
    },
  ),
];
