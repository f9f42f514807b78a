import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** A JSON Schema of the document. */
export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
  propertyNames?: Schema;
  items?: Schema;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

/** One operation of the OpenAPI document. */
export interface Operation {
  name: string;
  method: string;
  path: string;
  scope: string;
  parameters: Parameter[];
  body: Schema | undefined;
  /** Whether it works on the program of the header. */
  inProgram: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a document of another engine, read by pointer
type Any = any;

const stepOf = (step: string): string => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The engine's own OpenAPI document: what there is to call, and whether an answer is one that it allows. */
export class ApiDocument {
  readonly operations: Operation[];
  private readonly json: Any;
  private readonly ajv = new Ajv2020({ strict: false, allErrors: false });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(json: unknown) {
    this.json = json;
    this.ajv.addFormat('date-time', /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/);
    this.ajv.addSchema({ ...this.json, $id: 'openapi' });
    this.operations = Object.entries<Any>(this.json.paths).flatMap(([path, methods]) =>
      Object.entries<Any>(methods).map(([method, operation]) => this.read(path, method, operation)),
    );
  }

  /** Follows references within the document. */
  resolve(schema: Schema): Schema {
    let found: Any = schema;
    while (found.$ref !== undefined) {
      const { $ref, $defs } = found;
      found = String($ref)
        .split('/')
        .slice(1)
        .reduce((place, step) => place?.[step], $ref.startsWith('#/$defs/') ? { $defs } : this.json);
      if (found === undefined) throw new Error(`the document has no ${$ref}`);
    }
    return found;
  }

  /** The codes that an operation declares for a status; undefined where it does not declare the status. */
  codes(operation: Operation, status: number): string[] | undefined {
    const response = this.json.paths[operation.path][operation.method].responses[String(status)];
    return response && (response['x-codes'] ?? []);
  }

  /** What is wrong with a good answer; undefined if nothing is. */
  mistakeInAnswer({ path, method }: Operation, status: number, body: unknown): string | undefined {
    const responses = this.json.paths[path][method].responses;
    if (responses[String(status)]?.content?.['application/json'] === undefined)
      return 'the operation does not declare it';
    const steps = [
      'paths',
      path,
      method,
      'responses',
      String(status),
      'content',
      'application/json',
      'schema',
    ];
    return this.mistake(steps, body);
  }

  mistakeInProblem(body: unknown): string | undefined {
    return this.mistake(['components', 'schemas', 'Problem'], body);
  }

  /** What the document says against a request body that the engine took. */
  mistakeInBody({ path, method }: Operation, body: unknown): string | undefined {
    return this.mistake(
      ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'],
      body,
    );
  }

  mistakeInRow(schema: string, body: unknown): string | undefined {
    return this.mistake(['components', 'schemas', schema], body);
  }

  private mistake(steps: readonly string[], value: unknown): string | undefined {
    const $ref = `openapi#/${steps.map(stepOf).join('/')}`;
    let validate = this.validators.get($ref);
    if (validate === undefined) {
      validate = this.ajv.compile({ $ref });
      this.validators.set($ref, validate);
    }
    return validate(value) ? undefined : this.ajv.errorsText(validate.errors);
  }

  private read(path: string, method: string, operation: Any): Operation {
    const named = operation.parameters.filter((parameter: Any) => parameter.$ref === undefined);
    return {
      name: operation.operationId,
      method,
      path,
      scope: operation['x-scope'],
      parameters: named,
      body: operation.requestBody?.content['application/json'].schema,
      inProgram: named.length < operation.parameters.length,
    };
  }
}
