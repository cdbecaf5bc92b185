import { Challenge, LoginRequest, Session, StoreInfo, WebLink } from "@pstore/core/api/schemas";
import { challengeTime, makeChallenge } from "../../../services/challenges.ts";
import { signIn, signOut } from "../../../services/sessions.ts";
import { makeWebLink } from "../../../services/web/links.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

export const sessionRoutes: readonly Route[] = [
  route(
    {
      method: "GET",
      path: "/store",
      summary: "What this store is",
      action: "store",
      session: false,
      answer: StoreInfo,
    },
    async ({ dependencies: { store, version } }) => json({ id: store.id, version } satisfies StoreInfo),
  ),
  route(
    {
      method: "GET",
      path: "/challenge",
      summary: "A text to sign in with, good once",
      action: "challenge",
      session: false,
      answer: Challenge,
    },
    async ({ dependencies: { store } }) => {
      const challenge = makeChallenge(store.challenge_secret, new Date());
      return json({ challenge, expiresIn: challengeTime } satisfies Challenge);
    },
  ),
  route(
    {
      method: "POST",
      path: "/session",
      summary: "Signs in with a signature over the login text",
      action: "sign in",
      session: false,
      body: LoginRequest,
      answer: Session,
    },
    async ({ dependencies, body, address }) =>
      json(await signIn(dependencies, dependencies.loginRules(), body, address)),
  ),
  route(
    {
      method: "POST",
      path: "/web-link",
      summary: "Makes a link to the web admin, good once, with a signature over the web login text",
      action: "web link",
      // A session's token may have been stolen: it must not open the admin.
      session: false,
      body: LoginRequest,
      answer: WebLink,
    },
    async ({ dependencies, body, address }) =>
      json(await makeWebLink(dependencies, dependencies.loginRules(), body, address)),
  ),
  route(
    {
      method: "DELETE",
      path: "/session",
      summary: "Signs out",
      action: "sign out",
      session: true,
      answer: null,
    },
    async ({ dependencies: { db }, caller, token }) => {
      await signOut(db, caller, token ?? "");
      return new Response(null, { status: 204 });
    },
  ),
];
