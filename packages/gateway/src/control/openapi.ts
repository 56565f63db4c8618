/** The reference of the API for programs, made from the schemas that requests are read with. */

import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { errorSchema } from '../api/common.js'
import { type OperationSpec, operation, type ReadyOperation } from './operation.js'

/** Serves the document on all operations and on itself. */
export function openApiDocument(operations: readonly ReadyOperation[], version: string): ReadyOperation {
  const own: OperationSpec = {
    id: 'openapi.read',
    method: 'get',
    path: '/runguard/api/openapi.json',
    summary: 'This document',
    answer: z.looseObject({ openapi: z.string() }),
  }
  let document: { readonly openapi: string } | null = null
  return operation(own, async () => {
    document ??= buildDocument([...operations.map(({ spec }) => spec), own], version)
    return document
  })
}

/** OpenAPI 3.1. */
function buildDocument(specs: readonly OperationSpec[], version: string): { readonly openapi: string } {
  const app = new OpenAPIHono()
  for (const spec of specs) app.openAPIRegistry.registerPath(routeOf(spec))
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'RunGuard',
      version,
      description:
        'What the gateway knows, and what can be changed. Money is nano-dollars, times are milliseconds since the epoch.',
    },
  })
}

function routeOf({ id, method, path, summary, params, query, body, answer }: OperationSpec): RouteConfig {
  const json = (schema: z.ZodType) => ({ 'application/json': { schema } })
  return {
    operationId: id,
    method,
    path,
    summary,
    tags: [id.split('.')[0] ?? id],
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: { content: json(body), required: true } }),
    },
    responses: {
      200: { description: 'Done', content: json(answer) },
      default: { description: 'Not done', content: json(errorSchema) },
    },
  }
}
