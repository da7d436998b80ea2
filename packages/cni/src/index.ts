/** CNI 0.3.1 to 1.1.0 over ports. */
export {}
