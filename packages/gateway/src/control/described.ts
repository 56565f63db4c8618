/** The operations as the reference describes them. */

import { allRoutes } from './control.js'
import type { ControlParts } from './control-parts.js'
import type { OperationSpec } from './operation.js'

/** All that is looked at while operations are put together; none of them is done. */
const NOTHING = { access: { oidc: null } } as unknown as ControlParts

/** Every operation but the one that gives the OpenAPI document, in the order in which paths are looked for. */
export function describeOperations(): readonly OperationSpec[] {
  return allRoutes(NOTHING).map(({ spec }) => spec)
}
