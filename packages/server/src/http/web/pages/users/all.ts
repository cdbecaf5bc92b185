import type { Page } from "../../page.ts";
import { addUserForm, addUserPost } from "./add.tsx";
import { deleteUserForm, deleteUserPost } from "./delete.tsx";
import { editUserForm, editUserPost } from "./edit.tsx";
import { listUsers } from "./list.tsx";
import { showUser } from "./show.tsx";
import { disableUserForm, disableUserPost, enableUser, endSessions, removePassword } from "./state.tsx";

export const usersPages: readonly Page[] = [
  listUsers,
  addUserForm,
  addUserPost,
  showUser,
  editUserForm,
  editUserPost,
  disableUserForm,
  disableUserPost,
  enableUser,
  endSessions,
  removePassword,
  deleteUserForm,
  deleteUserPost,
];
