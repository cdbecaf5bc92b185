import { galera } from "./galera.ts";
import { postgres } from "./postgres.ts";
import type { Scene } from "./scene.ts";
import { sqlite } from "./sqlite.ts";
import { standby } from "./standby.ts";

export const scenes = { postgres, sqlite, galera, standby } as const satisfies Record<string, Scene>;

export type SceneName = keyof typeof scenes;
export const sceneNames = Object.keys(scenes) as readonly SceneName[];
