import type { Child } from "hono/jsx";
import type * as v from "valibot";
import { type OwnAccount, ownAccount } from "../../../../services/web/account.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import type { Dependencies } from "../../../dependencies.ts";
import type { FormSchema } from "../../form.ts";
import { type Page, page } from "../../page.ts";
import { html } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { doOrShowAgain } from "./again.tsx";

interface Removal<F extends FormSchema> extends Pick<Page, "path" | "action"> {
  readonly title: string;
  /** What the account's page says once it is done: a code of notices.ts. */
  readonly done: string;
  readonly form: F;
  readonly work: (db: Dependencies["db"], admin: Admin, form: v.InferOutput<F>) => Promise<void>;
  readonly View: (props: { visit: Visit; account: OwnAccount }) => Child;
}

/** The page that takes something away from one's account, and what its form does. */
export function removalPages<F extends FormSchema>(removal: Removal<F>): readonly Page[] {
  const { path, action, title, done, form: schema, work, View } = removal;
  const place = { path, need: "staff", action } as const;
  return [
    page({ method: "GET", ...place }, async ({ dependencies: { db }, visit, admin }) => {
      const account = await ownAccount(db, admin);
      return html(visit, { title }, <View visit={visit} account={account} />);
    }),
    page({ method: "POST", ...place, form: schema }, async ({ dependencies, visit, admin, form }) => {
      const account = await ownAccount(dependencies.db, admin);
      return doOrShowAgain({
        ...{ dependencies, visit, admin, action, title, done },
        work: () => work(dependencies.db, admin, form),
        view: async () => <View visit={visit} account={account} />,
      });
    }),
  ];
}
