/** What a page says after a form was sent and done: by a code in the URL, so that no link can make it say anything else. */
export const notices: Readonly<Record<string, string>> = {
  "check-begun": "The check has begun.",
  "check-goes-on": "A check goes on already.",
  checked: "The check is done.",
  "key-removed": "The key is removed.",
  "key-saved": "The key is saved. What is not encrypted to it yet is counted on the page Health.",
  saved: "Saved.",
  "sessions-ended": "The user is signed out of all browsers.",
  "shown-again": "The object is shown again.",
  "signed-out": "You are signed out.",
  "signed-out-everywhere": "You are signed out everywhere.",
  "session-ended": "The session has ended.",
  "password-set": "The password is set, and your other sessions have ended.",
  "password-removed": "The password is removed, and your other sessions have ended.",
  "totp-set": "The second factor is on, and your other sessions have ended.",
  "totp-removed": "The second factor is removed.",
  "users-password-removed": "The password of the user is removed, and their sessions here are ended.",
  "user-added": "The user is added. Next, add a public key: without one, the user cannot use pstore.",
  "user-deleted": "The user is deleted.",
  "user-disabled": "The user is disabled.",
  "user-enabled": "The user is enabled.",
  withheld: "The object is withheld.",
};

/** What a page says, in the same way, where something was not done. */
export const refusedNotices: Readonly<Record<string, string>> = {
  "not-signed-in":
    "You were not signed in any more, so nothing was done. Sign in, and fill in the form again.",
};
