import {
  to       = cthulix_image.lpd
  identity = { kid = "K-6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d" }
}
