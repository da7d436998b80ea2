/** A datastore in one directory, shared by several processes, on SQLite. */
export {}
