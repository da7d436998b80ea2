/** linux/netfilter/nf_tables.h: enum nft_set_elem_attributes, nft_set_elem_flags and those around them. */
export const code = {
  /** NFTA_SET_ELEM_LIST_*. */
  LIST_TABLE: 1,
  LIST_SET: 2,
  LIST_ELEMENTS: 3,
  LIST_SET_ID: 4,
  LIST_ELEM: 1,
  /** NFTA_SET_ELEM_*. */
  KEY: 1,
  DATA: 2,
  FLAGS: 3,
  TIMEOUT: 4,
  EXPIRATION: 5,
  USERDATA: 6,
  KEY_END: 10,
  /** NFTA_DATA_*. */
  DATA_VALUE: 1,
  DATA_VERDICT: 2,
  /** NFT_SET_ELEM_*. */
  INTERVAL_END: 1,
  CATCHALL: 2,
} as const
