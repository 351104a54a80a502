import { access, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { picturesDir, thumbnailsDir } from './folders.js'

sharp.concurrency(1) // more pictures at once is what more replicas are for

const sizes = [640, 320, 160]

/** Makes the thumbnails of one picture. A thumbnail has its final name only when it is whole; the smallest one comes last and says that all are there. */
export async function makeThumbnails (picture) {
  const last = pathOf(picture, sizes.at(-1))
  if (await exists(last)) return 'there already'
  await mkdir(thumbnailsDir, { recursive: true })
  for (const size of sizes) {
    const path = pathOf(picture, size)
    const part = `${path}.${process.pid}.part`
    await sharp(join(picturesDir, picture)).resize(size, size, { fit: 'inside' }).webp({ effort: 6 }).toFile(part)
    await rename(part, path)
  }
  return 'made'
}

const pathOf = (picture, size) => join(thumbnailsDir, picture.replace(/[.]\w+$/, `-${size}.webp`))
const exists = path => access(path).then(() => true, () => false)
