/** What Node cannot open: netlink sockets, network namespaces, socket options. */
export {}
