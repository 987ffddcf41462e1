"""What a new user has already, turned into a configuration: a repository, or the settings of another tool.

    draft          a configuration that is proposed, with notes for people, and its YAML
    address        the address of a repository as a forge and a path there
    stage          names of environments, and their usual order
    objects        Kubernetes objects in YAML or JSON, and the sources of Argo CD Applications
    template       templates of ApplicationSets, as far as they put values in
    generated      the Applications that an ApplicationSet makes, as far as that can be told without a cluster
    updater        what Argo CD Image Updater watches, in one form
    annotations    the same, read from annotations of Applications
    resources      the same, read from its custom resources
    watching       the same, from all objects
    image          one image of it, as the configuration has it
    placed         where one Application of it is written, and by which settings
    logins         how it logs in to registries
    installation   how it is set up as a whole
    carry          all of them as a draft, and what could not be carried over
    values         images in values as charts have them, and in containers
    documents      files as documents
    sources        images in sources of Argo CD
    scan           images in one file, wherever they may stand in it
    bases          what files leave to others: names of images, and images of Kustomize
    standing       the images of all files of a repository
    followers      which Applications deploy a file
    layout         which images belong together, and to which environment
    flux           what Flux was told of images
    policy         how an image's tag is likely chosen
    drafting       applications and their environments, as pipelines of a draft
    propose        a repository, as a draft

Nothing here does I/O: files and objects are handed in. What is drafted is validated by loading it.
"""
