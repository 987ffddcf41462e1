"""What a new user has already, turned into a configuration: a repository, or the settings of another tool.

    draft          a configuration that is proposed, with notes for people, and its YAML
    address        the address of a repository as a forge and a path there
    stage          names of environments, and their usual order
    objects        Kubernetes objects in YAML or JSON, and the sources of Argo CD Applications
    updater        what Argo CD Image Updater watches, from annotations or custom resources
    placed         where one Application of it is written, and by which settings
    carry          all of them as a draft, and what could not be carried over
    scan           images in the files of a repository
    propose        a repository, as a draft

Nothing here does I/O: files and objects are handed in. What is drafted is validated by loading it.
"""
