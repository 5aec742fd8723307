terraform import cthulix_gridapp.lines main/lines
