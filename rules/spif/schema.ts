/**
 * The structure of Open XML SPIF 1.0, 2.0 and 2.1 as a table: elements, attributes, children, their order.
 *
 * Written from the descriptions in the field's documents, not copied from a schema. Everything is in one
 * namespace; attributes have none but `xml:lang`. The later versions only add, so one table serves the three; a
 * document of version 3 is refused by name.
 */

export const SPIF_NS = 'http://www.xmlspif.org/spif'

/** Value spaces of attributes. */
export type AttributeType =
  | 'text'
  /** A text of at most 256 characters. */
  | 'name'
  | 'oid'
  | 'integer'
  | 'lacv'
  | 'boolean'
  | 'selection'
  | 'dateTime'
  | 'colour'
  | 'language'
  | readonly string[]

export type ElementSchema = Readonly<{
  attributes: Readonly<Record<string, AttributeType>>
  required: readonly string[]
  /** Children in order: name, fewest, most. */
  children: readonly (readonly [name: string, min: number, max: number])[]
  /** Whether the element holds text instead. */
  text?: true
  /** Whether anything may stand in it. */
  open?: true
}>

const MANY = Number.POSITIVE_INFINITY

const TAG_TYPES = ['notApplicable', 'restrictive', 'enumerated', 'permissive', 'tagType7'] as const
const OPERATIONS = ['onlyOne', 'oneOrMore', 'all'] as const
const APPLIED = ['encrypt', 'decrypt', 'both'] as const
const ENUM_TYPES = ['restrictive', 'permissive']
const CODES = [
  'pageTop',
  'pageBottom',
  'pageTopBottom',
  'documentStart',
  'documentEnd',
  'noNameDisplay',
  'noMarkingDisplay',
  'suppressClassName',
  'firstLineOfText',
  'lastLineOfText',
  'subject',
  'xHeader',
  'portionMarking',
  'inputTitle',
  'waterMark',
  'replacePolicy',
] as const

export const MARKING_CODES: readonly string[] = CODES

const MARKINGS = [
  ['markingData', 0, MANY],
  ['markingQualifier', 0, MANY],
] as const

const NAMED_POLICY: ElementSchema = {
  attributes: { name: 'name', id: 'oid' },
  required: ['name', 'id'],
  children: MARKINGS,
}

const CATEGORY_TEST: ElementSchema = {
  attributes: { tagSetRef: 'name', tagType: TAG_TYPES, enumType: ENUM_TYPES, lacv: 'lacv', all: 'boolean' },
  required: ['tagSetRef', 'tagType'],
  children: [],
}

export const SCHEMA: ReadonlyMap<string, ElementSchema> = new Map<string, ElementSchema>([
  [
    'SPIF',
    {
      attributes: {
        schemaVersion: ['1.0', '2.0', '2.1'],
        version: 'integer',
        creationDate: 'text',
        originatorDN: 'text',
        keyIdentifier: 'text',
        privilegeId: 'oid',
        rbacId: 'oid',
        userRefURI: 'text',
        docRefURI: 'text',
        notBefore: 'dateTime',
        notAfter: 'dateTime',
      },
      required: ['schemaVersion', 'creationDate', 'originatorDN', 'keyIdentifier', 'privilegeId', 'rbacId'],
      children: [
        ['defaultSecurityPolicyId', 0, 1],
        ['securityPolicyId', 1, 1],
        ['updateInfo', 0, 1],
        ['securityClassifications', 1, 1],
        ['securityCategoryTagSets', 0, 1],
        ['privacyMarks', 0, 1],
        ['equivalentPolicies', 0, 1],
        ...MARKINGS,
        ['extensions', 0, 1],
      ],
    },
  ],
  ['defaultSecurityPolicyId', NAMED_POLICY],
  ['securityPolicyId', NAMED_POLICY],
  ['updateInfo', { attributes: {}, required: [], children: [], open: true }],
  ['extensions', { attributes: {}, required: [], children: [], open: true }],
  [
    'securityClassifications',
    {
      attributes: { name: 'text' },
      required: [],
      children: [['securityClassification', 1, MANY], ...MARKINGS],
    },
  ],
  [
    'securityClassification',
    {
      attributes: {
        name: 'name',
        lacv: 'integer',
        hierarchy: 'integer',
        color: 'colour',
        obsolete: 'boolean',
      },
      required: ['name', 'lacv', 'hierarchy'],
      children: [['equivalentClassification', 0, MANY], ...MARKINGS, ['requiredCategory', 0, MANY]],
    },
  ],
  [
    'equivalentClassification',
    {
      attributes: { policyRef: 'name', lacv: 'integer', applied: APPLIED },
      required: ['policyRef', 'lacv', 'applied'],
      children: [['requiredCategory', 0, MANY]],
    },
  ],
  [
    'securityCategoryTagSets',
    { attributes: {}, required: [], children: [['securityCategoryTagSet', 1, MANY]] },
  ],
  [
    'securityCategoryTagSet',
    {
      attributes: { name: 'name', id: 'oid' },
      required: ['name', 'id'],
      children: [
        ['securityCategoryTag', 1, MANY],
        ['equivalentSecurityCategoryTagSet', 0, MANY],
      ],
    },
  ],
  [
    'equivalentSecurityCategoryTagSet',
    {
      attributes: { policyRef: 'name', name: 'name', id: 'oid' },
      required: ['policyRef'],
      children: [['requiredCategory', 0, MANY]],
    },
  ],
  [
    'securityCategoryTag',
    {
      attributes: {
        name: 'text',
        tagType: TAG_TYPES,
        enumType: ENUM_TYPES,
        tag7Encoding: ['bitSetAttributes', 'securityAttributes'],
        singleSelection: 'boolean',
        maxSelection: 'selection',
        minSelection: 'selection',
      },
      required: ['tagType'],
      children: [
        ['tagCategory', 0, MANY],
        ['markingQualifier', 0, MANY],
      ],
    },
  ],
  [
    'tagCategory',
    {
      attributes: {
        name: 'text',
        lacv: 'lacv',
        userInput: ['string', 'integer', 'date'],
        dateFormat: 'text',
        requiredClass: 'name',
        obsolete: 'boolean',
        notBefore: 'dateTime',
        notAfter: 'dateTime',
      },
      required: ['name', 'lacv'],
      children: [
        ['equivalentSecCategoryTag', 0, MANY],
        ...MARKINGS,
        ['excludedClass', 0, MANY],
        ['requiredCategory', 0, MANY],
        ['excludedCategory', 0, MANY],
      ],
    },
  ],
  [
    'equivalentSecCategoryTag',
    {
      attributes: {
        policyRef: 'name',
        tagSetId: 'oid',
        tagType: TAG_TYPES,
        enumType: ENUM_TYPES,
        lacv: 'lacv',
        applied: APPLIED,
        action: ['discard'],
      },
      required: ['policyRef', 'tagSetId', 'tagType', 'lacv', 'applied'],
      children: [],
    },
  ],
  ['excludedClass', { attributes: {}, required: [], children: [], text: true }],
  [
    'requiredCategory',
    {
      attributes: { operation: OPERATIONS },
      required: ['operation'],
      children: [['categoryGroup', 1, MANY]],
    },
  ],
  ['categoryGroup', CATEGORY_TEST],
  ['excludedCategory', CATEGORY_TEST],
  [
    'privacyMarks',
    {
      attributes: { maxSelection: 'selection', minSelection: 'selection' },
      required: [],
      children: [['privacyMark', 1, MANY], ...MARKINGS],
    },
  ],
  ['privacyMark', { attributes: { name: 'text', obsolete: 'boolean' }, required: [], children: MARKINGS }],
  ['equivalentPolicies', { attributes: {}, required: [], children: [['equivalentPolicy', 1, MANY]] }],
  [
    'equivalentPolicy',
    {
      attributes: { name: 'name', id: 'oid', userRefURI: 'text', docRefURI: 'text' },
      required: ['name', 'id'],
      children: [['requiredCategory', 0, MANY]],
    },
  ],
  [
    'markingData',
    { attributes: { phrase: 'name', 'xml:lang': 'language' }, required: [], children: [['code', 1, MANY]] },
  ],
  ['code', { attributes: {}, required: [], children: [], text: true }],
  [
    'markingQualifier',
    {
      attributes: { markingCode: CODES, 'xml:lang': 'language' },
      required: [],
      children: [['qualifier', 1, MANY]],
    },
  ],
  [
    'qualifier',
    {
      attributes: {
        markingQualifier: 'name',
        qualifierCode: ['prefix', 'suffix', 'separator'],
        'xml:lang': 'language',
      },
      required: ['markingQualifier', 'qualifierCode'],
      children: [],
    },
  ],
])
