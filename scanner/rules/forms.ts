/** Forms of secrets that many providers share. */

export const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

/** A JSON web token (RFC 7519) in the hand of a provider that gives no other keys. */
export const jwt = String.raw`ey[\w-]{15,400}\.ey[\w-]{15,900}\.[\w-]{20,900}`
