/** A label in the words of its SPIF, each word found or reported at its place, with the words that exist. */
import { type Clearance, makeClearance } from '../clearance/clearance.ts'
import { type LabelNames, labelFromNames } from '../label/bind.ts'
import { trimBlanks } from '../label/blanks.ts'
import { fold } from '../label/fold.ts'
import { type BindingProblem, isProblem, type Label } from '../label/label.ts'
import type { Spif, Tag } from '../spif/spif.ts'
import { listed, type Problem } from './problem.ts'
import type { ClearanceSource, LabelSource } from './schema.ts'
import type { Path, YamlSource } from './yaml.ts'

/** Where in a file words stand. */
type Places = Pick<YamlSource, 'problem'>

/** The label, or every word of it that the policy does not know. */
export function labelOf(
  spif: Spif,
  source: LabelSource,
  yaml: Places,
  path: Path,
): Label | Readonly<{ problems: readonly Problem[] }> {
  const categories = (source.categories ?? []).map((c) => ({
    tagSet: c['tag-set'],
    ...(c.tag === undefined ? {} : { tag: c.tag }),
    values: c.values,
  }))
  const mark = source['privacy-mark']
  const label = labelFromNames(spif, {
    classification: source.classification,
    categories,
    ...(mark === undefined ? {} : { privacyMark: mark }),
  })
  const twice = repeated(source, yaml, path)
  if (!isProblem(label)) return twice.length > 0 ? { problems: twice } : label
  return { problems: [...twice, ...wrongWords(spif, source, categories, label, yaml, path)] }
}

/** The clearance, or every word of it that the policy does not know. */
export function clearanceOf(
  spif: Spif,
  source: ClearanceSource,
  yaml: Places,
  path: Path,
): Clearance | Readonly<{ problems: readonly Problem[] }> {
  const classes = source.classifications.map((classification, index) =>
    labelOf(spif, { classification }, yaml, [...path, 'classifications', index]),
  )
  const problems = classes.flatMap((label) => ('problems' in label ? label.problems : []))
  const held = classes.flatMap((label) => ('problems' in label ? [] : [label.classification]))
  const any = held[0]
  if (any === undefined) return { problems }
  const categories = labelOf(
    spif,
    {
      classification: any.name,
      ...(source.categories === undefined ? {} : { categories: source.categories }),
    },
    yaml,
    path,
  )
  if ('problems' in categories) problems.push(...categories.problems)
  if ('problems' in categories || problems.length > 0) return { problems }
  return makeClearance(spif, held, categories.categories)
}

/** Tag sets and tags that stand in the list twice: their values belong together. */
function repeated(source: LabelSource, yaml: Places, path: Path): Problem[] {
  const seen = new Set<string>()
  return (source.categories ?? []).flatMap((category, index) => {
    const key = JSON.stringify([category['tag-set'], category.tag ?? null])
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    const message = `the category "${category['tag-set']}" stands here twice; put its values into one list`
    return [yaml.problem([...path, 'categories', index, 'tag-set'], message)]
  })
}

/** Asks for each word by itself, so that each wrong one is told apart. */
function wrongWords(
  spif: Spif,
  source: LabelSource,
  categories: NonNullable<LabelNames['categories']>,
  whole: BindingProblem,
  yaml: Places,
  path: Path,
): Problem[] {
  const problems: Problem[] = []
  const known = spif.classifications[0]?.name ?? ''
  const unknown = labelFromNames(spif, { classification: source.classification })
  if (isProblem(unknown)) {
    const names = listed(spif.classifications.map((c) => c.name))
    problems.push(
      yaml.problem(
        [...path, 'classification'],
        `${spif.name} has no classification "${source.classification}"; it has ${names}`,
      ),
    )
  }
  for (const [index, category] of categories.entries()) {
    for (const [position, value] of category.values.entries()) {
      const one = labelFromNames(spif, {
        classification: known,
        categories: [{ ...category, values: [value] }],
      })
      if (!isProblem(one)) continue
      const place = [...path, 'categories', index]
      if (one.problem === 'unknown-tag-set') {
        const names = listed(spif.tagSets.map((set) => set.name))
        problems.push(
          yaml.problem(
            [...place, 'tag-set'],
            `${spif.name} has no tag set "${category.tagSet}"; it has ${names}`,
          ),
        )
        break
      }
      if (one.problem === 'wrong-type') {
        const names = listed(tagsOf(spif, category.tagSet).map((tag) => tag.name ?? '(without name)'))
        problems.push(
          yaml.problem(
            [...place, 'tag'],
            `"${category.tagSet}" has no tag "${category.tag}"; it has ${names}`,
          ),
        )
        break
      }
      const tags = tagsOf(spif, category.tagSet)
      const message =
        one.problem === 'ambiguous-category'
          ? `"${value}" stands in several tags of "${category.tagSet}"; add tag: one of ${listed(tags.map((tag) => tag.name ?? ''))}`
          : `"${category.tagSet}" of ${spif.name} has no "${value}"; it has ${listed(tags.flatMap((tag) => tag.values.map((v) => v.name)))}`
      problems.push(yaml.problem([...place, 'values', position], message))
    }
  }
  if (problems.length === 0) {
    problems.push(
      yaml.problem(path, `${spif.name} has no such label (${whole.problem}: ${whole.detail}); see its SPIF`),
    )
  }
  return problems
}

function tagsOf(spif: Spif, tagSet: string): readonly Tag[] {
  const wanted = fold(trimBlanks(tagSet))
  return spif.tagSets.filter((set) => fold(set.name) === wanted).flatMap((set) => set.tags)
}
