/** The data flow of one node, all I/O passed in. */
export {}
