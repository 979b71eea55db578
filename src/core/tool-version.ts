declare const __TM_DB_VERSION__: string | undefined;

/** tm-db's own version, put in when it is built; `dev` when run from its sources. */
export const TOOL_VERSION: string = typeof __TM_DB_VERSION__ === "string" ? __TM_DB_VERSION__ : "dev";
