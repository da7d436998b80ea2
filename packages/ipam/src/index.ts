/** IP address management, compatible with Calico blocks, affinities and handles. */
export {}
