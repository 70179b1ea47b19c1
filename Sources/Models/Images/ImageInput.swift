import Tensors

/// Says what is wrong with images that are not [batch] + `inputShape`.
func imagesFailure(_ images: Tensor, _ inputShape: Shape) -> TensorError? {
  if let failure = images.failure { return failure }
  guard images.shape.rank == inputShape.rank + 1, Array(images.shape.dropFirst()) == inputShape.dimensions else {
    let sizes = inputShape.map { ", \($0)" }.joined()
    return TensorError("the images must be [batch\(sizes)], not \(images.shape)")
  }
  return nil
}
