/** nf_tables objects and rule expressions to and from netlink; transactions as values. */
export {}
