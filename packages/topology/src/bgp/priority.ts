/**
 * Between Calico nodes LOCAL_PREF carries the priority of a route, which is its metric in the kernel: 2^31 - 1 minus
 * that (spec 05 A6 step 1, trap 1).
 */
export const prioMax = 2_147_483_647

export const localPrefOf = (priority: number): number => prioMax - priority

/** Preference of what is static, and of learned routes with more than normal priority (spec 05 A6). */
export const staticPreference = 200
