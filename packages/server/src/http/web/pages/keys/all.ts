import type { Page } from "../../page.ts";
import { addKeyForm, previewKeyPost, saveKeyPost } from "./add.tsx";
import { editKeyForm, editKeyPost } from "./edit.tsx";
import { listKeys } from "./list.tsx";
import { removeKeyForm, removeKeyPost } from "./remove.tsx";
import { showKey } from "./show.tsx";

export const keysPages: readonly Page[] = [
  listKeys,
  showKey,
  addKeyForm,
  previewKeyPost,
  saveKeyPost,
  editKeyForm,
  editKeyPost,
  removeKeyForm,
  removeKeyPost,
];
