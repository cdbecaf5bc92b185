/** What a page says after a form was sent and done: by a code in the URL, so that no link can make it say anything else. */
export const notices: Readonly<Record<string, string>> = {
  saved: "Saved.",
  "signed-out": "You are signed out.",
};
