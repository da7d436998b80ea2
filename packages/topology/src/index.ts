/** Nodes, pools and blocks to the routing program of one node. */
export {}
