/** Policies and endpoints to a policy program, incrementally; evaluate and explain. */
export {}
