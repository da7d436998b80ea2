/** The policy program in nf_tables, one kernel transaction for each change. */
export {}
