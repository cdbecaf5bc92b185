/** What a page says after a form was sent and done: by a code in the URL, so that no link can make it say anything else. */
export const notices: Readonly<Record<string, string>> = {
  "key-removed": "The key is removed.",
  "key-saved": "The key is saved.",
  "password-removed": "The password for the web is removed, and its sessions are ended.",
  saved: "Saved.",
  "sessions-ended": "The user is signed out of all browsers.",
  "signed-out": "You are signed out.",
  "signed-out-everywhere": "You are signed out everywhere.",
  "session-ended": "The session has ended.",
  "password-set": "The password is set, and your other sessions have ended.",
  "password-removed": "The password is removed, and your other sessions have ended.",
  "totp-set": "The second factor is on, and your other sessions have ended.",
  "totp-removed": "The second factor is removed.",
  "user-added": "The user is added. Next, add a public key: without one, nobody can use pstore.",
  "user-deleted": "The user is deleted.",
  "user-disabled": "The user is disabled.",
  "user-enabled": "The user is enabled.",
};
