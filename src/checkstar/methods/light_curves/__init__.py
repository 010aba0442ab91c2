"""Methods of light curves without networks: cuts as catalogues make them, and trees on features."""
