/** The routing program in the kernel: links, routes, neighbours, sysctls. */
export {}
